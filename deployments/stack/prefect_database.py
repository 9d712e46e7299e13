"""A database with Prefect's schema, made at installation and copied for the first start of an embedded server.

Prefect builds its SQLite schema by some sixty migrations, one after the other, and fills it with its block types: more
than three seconds of processor time at the first start on a data directory, one at each further start to find nothing
left to do. A file beside the database has the version of Prefect that it is complete for: a server of that version
starts without looking. A newer Prefect finds no prepared file of its version, and migrates as ever.

`make install` runs `python -m deployments.stack.prefect_database`.
"""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path

NAME = "prefect.db"
VERSION_NAME = "prefect.version"


def prepared_database() -> Path:
    """Return the path of the prepared database of the installed Prefect, which may not be there."""
    return Path(sys.prefix) / "share" / "widget-builder" / f"prefect-server-{version('prefect')}.db"


def prepare_database(target: Path) -> None:
    """Have Prefect make an empty database at this path.

    Raises:
        subprocess.CalledProcessError: Prefect cannot.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as home:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment |= {"PREFECT_HOME": home, "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        command = [sys.executable, "-m", "deployments.stack.prefect_database", "--migrate"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        made = Path(home) / NAME
        with closing(sqlite3.connect(made)) as connection:
            # All of it into the one file that is copied.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.replace(target)


async def _migrate() -> None:
    """Create the database in PREFECT_HOME, as Prefect's server does at its start."""
    from prefect.server.database import provide_database_interface
    from prefect.server.models.block_registration import run_block_auto_registration

    database = provide_database_interface()
    await database.create_db()
    async with await database.session() as session:
        await run_block_auto_registration(session=session)


def is_complete(home: Path) -> bool:
    """Whether the database in Prefect's home has all that the installed Prefect would add to it at its start."""
    try:
        return (home / NAME).exists() and (home / VERSION_NAME).read_text() == version("prefect")
    except FileNotFoundError:
        return False


def mark_complete(home: Path) -> None:
    """Record that a server of the installed version has started on the database."""
    (home / VERSION_NAME).write_text(version("prefect"))


def copy_prepared_database(home: Path) -> None:
    """Copy the prepared database to Prefect's home, unless one is there, or none was prepared."""
    target, prepared = home / NAME, prepared_database()
    if target.exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with suppress(FileNotFoundError):
        shutil.copyfile(prepared, partial)
        partial.replace(target)
        mark_complete(home)


def main() -> None:
    """Prepare the database if the installed Prefect has none yet."""
    if "--migrate" in sys.argv:
        asyncio.run(_migrate())
        return
    target = prepared_database()
    if not target.exists():
        prepare_database(target)


if __name__ == "__main__":
    main()
