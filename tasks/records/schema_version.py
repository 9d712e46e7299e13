"""The version of the database's schema, read without Alembic, which takes most of a second to import.

A migration only adds, so that the version before goes on while the machines are updated one by one. What that version
alone needs is dropped by a later migration, named `NNNN_contract_…`, once it no longer runs.
"""

from pathlib import Path

import psycopg

from tasks.core.errors import DependencyUnavailable

VERSIONS = Path(__file__).parent / "migrations" / "versions"
CONNECT_TIMEOUT_S = 5


def needed_version() -> str:
    """Return the oldest schema that this version of the product runs on: the newest but for contracting migrations."""
    names = [file.name for file in VERSIONS.glob("[0-9]*.py")]
    return max(name.partition("_")[0] for name in names if not is_contracting(name))


def is_contracting(name: str) -> bool:
    """Whether a migration, by the name of its file, drops what only the version before needs."""
    return name.partition("_")[2].startswith("contract_")


async def check_schema(database_url: str) -> None:
    """Return when the database answers and its schema is one that this version runs on, or a later one.

    Raises:
        DependencyUnavailable: it does not answer, or has not been migrated yet.
    """
    needed = needed_version()
    try:
        async with await psycopg.AsyncConnection.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    except psycopg.Error as error:
        raise DependencyUnavailable("PostgreSQL", str(error), "see `widget-builder doctor`") from error
    if row is None or row[0] < needed:
        problem = f"its schema is {row[0] if row else 'empty'}, and this version needs {needed}"
        raise DependencyUnavailable("PostgreSQL", problem, "run `widget-builder migrate`")
