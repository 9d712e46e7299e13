"""The version of the database's schema, read without Alembic, which takes most of a second to import."""

from pathlib import Path

import psycopg

from tasks.core.errors import DependencyUnavailable

VERSIONS = Path(__file__).parent / "migrations" / "versions"
CONNECT_TIMEOUT_S = 5


async def check_schema(database_url: str) -> None:
    """Return when the database answers and its schema is this version's, or a later one's.

    Raises:
        DependencyUnavailable: it does not answer, or has not been migrated yet.
    """
    newest = max(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py"))
    try:
        async with await psycopg.AsyncConnection.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    except psycopg.Error as error:
        raise DependencyUnavailable("PostgreSQL", str(error), "see `widget-builder doctor`") from error
    if row is None or row[0] < newest:
        problem = f"its schema is {row[0] if row else 'empty'}, and this version needs {newest}"
        raise DependencyUnavailable("PostgreSQL", problem, "run `widget-builder migrate`")
