"""A database with Prefect's schema, made at installation and copied for the first start of an embedded server.

Prefect builds its SQLite schema by some sixty migrations, one after the other: more than two seconds of processor time
at the first start on a data directory. A newer Prefect finds no file of its version and migrates as ever.

`make install` runs `python -m deployments.stack.prefect_database`.
"""

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


def prepared_database() -> Path:
    """Return the path of the prepared database of the installed Prefect, which may not be there."""
    return Path(sys.prefix) / "share" / "widget-builder" / f"prefect-{version('prefect')}.db"


def prepare_database(target: Path) -> None:
    """Have Prefect make an empty database at this path.

    Raises:
        subprocess.CalledProcessError: Prefect cannot.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as home:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment |= {"PREFECT_HOME": home, "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        made = Path(home) / NAME
        with closing(sqlite3.connect(made)) as connection:
            # All of it into the one file that is copied.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.replace(target)


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


def main() -> None:
    """Prepare the database if the installed Prefect has none yet."""
    target = prepared_database()
    if not target.exists():
        prepare_database(target)


if __name__ == "__main__":
    main()
