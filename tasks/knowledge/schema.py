"""The database's schema, brought up to date by Alembic.

Safe to run twice and by several processes at once: an advisory lock lets one work, the others find
nothing left to do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import load_settings

MIGRATIONS = Path(__file__).parent / "migrations"
LEAST_PGVECTOR = (0, 8, 4)
"""Earlier ones corrupt HNSW indexes under concurrent writes."""
_LOCK = 7_302_115_019


def migrate(database_url: str) -> None:
    """Bring the schema up to date; nothing happens when it is.

    Raises:
        DependencyUnavailable: the server does not answer, or lacks pgvector 0.8.4.
    """
    engine = create_engine(_driver_url(database_url))
    try:
        with engine.connect() as connection:
            _check_pgvector(connection.execute(text(_AVAILABLE)).scalar())
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            # The lock belongs to the session and goes with it.
            connection.commit()
    except DBAPIError as error:
        raise DependencyUnavailable("PostgreSQL", str(error.orig), "see `widget-builder doctor`") from error
    finally:
        engine.dispose()


_AVAILABLE = "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"


def _check_pgvector(version: str | None) -> None:
    remedy = "install pgvector 0.8.4 or later"
    if version is None:
        raise DependencyUnavailable("PostgreSQL", "the extension `vector` is not installed", remedy)
    if tuple(int(part) for part in version.split(".")) < LEAST_PGVECTOR:
        raise DependencyUnavailable("PostgreSQL", f"pgvector {version} is too old", remedy)


def _driver_url(database_url: str) -> str:
    scheme, _, rest = database_url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else database_url


if __name__ == "__main__":
    url = load_settings().database_url
    if url is None:
        raise SystemExit("DATABASE_URL is not set")
    migrate(url.get_secret_value())
