"""The database schema, migrated by Alembic.

Migrating is safe to run twice and in several processes at once: an advisory lock lets one process work, and the
others find nothing left to do.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import load_settings
from tasks.records.schema_version import needed_version

MIGRATIONS = Path(__file__).parent / "migrations"
LEAST_PGVECTOR = (0, 8, 4)
"""Least version of pgvector: earlier ones corrupt HNSW indexes under concurrent writes."""
_LOCK = 7_302_115_019


class SchemaConnection:
    """A connection that holds the lock on migrations, with one transaction open."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    @property
    def driver(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """The driver's connection, in the same transaction."""
        driver: psycopg.Connection[tuple[Any, ...]] = self._connection.connection.driver_connection  # type: ignore[assignment]
        return driver

    def upgrade(self, version: str) -> None:
        """Migrate the schema to a version, if it is older; `head` is the newest."""
        config = _config()
        config.attributes["connection"] = self._connection
        command.upgrade(config, version)

    def commit(self) -> None:
        """Keep the changes; they are rolled back without it."""
        self._connection.commit()


@contextmanager
def open_schema(database_url: str) -> Iterator[SchemaConnection]:
    """Open a connection for migrations; one that another process holds is waited for.

    Raises:
        DependencyUnavailable: the server does not answer, or lacks pgvector 0.8.4; with a remedy.
    """
    # libpq parses the URL here as it does for the pool, so that both accept the same forms of it.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database_url))
    try:
        with engine.connect() as connection:
            _check_pgvector(*connection.execute(text(_VERSIONS)).one())
            # The advisory lock is released with the session.
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            yield SchemaConnection(connection)
    except DBAPIError as error:
        raise DependencyUnavailable("PostgreSQL", str(error.orig).strip(), _remedy(error.orig)) from error
    finally:
        engine.dispose()


def migrate(database_url: str, *, contract: bool = True) -> str:
    """Migrate the schema to the newest version, if it is older; return the version that it has then.

    Without `contract`, the version of the product before may go on: what it needs is kept (`schema_version`).

    Raises:
        DependencyUnavailable: the server does not answer, or lacks pgvector 0.8.4; with a remedy.
    """
    with open_schema(database_url) as schema:
        former = read_version(schema.driver)
        schema.upgrade("head" if contract or former is None else needed_version())
        schema.commit()
        return read_version(schema.driver) or ""


def read_version(connection: "psycopg.Connection[tuple[Any, ...]]") -> str | None:
    """Return the version of the database's schema; None without a schema."""
    row = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def newest_version() -> str:
    """Return the newest version of the schema."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def knows_version(version: str) -> bool:
    """Whether there is such a version of the schema here."""
    return version in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


_VERSIONS = """
SELECT (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
       (SELECT extversion FROM pg_extension WHERE extname = 'vector')
"""


def _check_pgvector(available: str | None, installed: str | None) -> None:
    if available is None and installed is None:
        problem, remedy = "the extension `vector` is missing", "install pgvector 0.8.4 or later"
    elif installed is None and not _is_recent(available or ""):
        problem, remedy = f"pgvector {available} is too old", "install pgvector 0.8.4 or later"
    elif installed is not None and not _is_recent(installed):
        problem = f"the database uses pgvector {installed}, which is too old"
        remedy = "install pgvector 0.8.4 or later and run ALTER EXTENSION vector UPDATE"
    else:
        return
    raise DependencyUnavailable("PostgreSQL", problem, remedy)


def _is_recent(version: str) -> bool:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3]) >= LEAST_PGVECTOR


def _remedy(error: BaseException | None) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "let a superuser run CREATE EXTENSION vector and allow the role of DATABASE_URL to create tables"
    if isinstance(error, psycopg.OperationalError):
        return "start the server or fix DATABASE_URL; see `widget-builder doctor`"
    return "check DATABASE_URL; see `widget-builder doctor`"


if __name__ == "__main__":
    url = load_settings().database_url
    if url is None:
        raise SystemExit("DATABASE_URL is not set: set it to the database to migrate")
    migrate(url.get_secret_value())
