"""The database schema, migrated by Alembic.

Migrating is safe to run twice and in several processes at once: an advisory lock lets one process work, and the
others find nothing left to do.
"""

import re
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import load_settings

MIGRATIONS = Path(__file__).parent / "migrations"
LEAST_PGVECTOR = (0, 8, 4)
"""Least version of pgvector: earlier ones corrupt HNSW indexes under concurrent writes."""
_LOCK = 7_302_115_019


def migrate(database_url: str) -> None:
    """Migrate the schema to the newest version, if it is older.

    Raises:
        DependencyUnavailable: the server does not answer, or lacks pgvector 0.8.4; with a remedy.
    """
    # libpq parses the URL here as it does for the pool, so that both accept the same forms of it.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database_url))
    try:
        with engine.connect() as connection:
            _check_pgvector(*connection.execute(text(_VERSIONS)).one())
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            # The advisory lock is released with the session.
            connection.commit()
    except DBAPIError as error:
        raise DependencyUnavailable("PostgreSQL", str(error.orig).strip(), _remedy(error.orig)) from error
    finally:
        engine.dispose()


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
