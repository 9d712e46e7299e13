"""The schema: migrated once, by any number of processes, with the columns that other programs read."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.records.schema import MIGRATIONS, _check_pgvector, migrate
from tests.records.databases import new_database

NEWEST = [max(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))]


def versions(database_url: str) -> list[str]:
    """Return the migration revisions recorded in the database."""
    with psycopg.connect(database_url) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version").fetchall()]


def test_migrating_twice_changes_nothing(postgres_url: str) -> None:
    """The second run finds nothing left to do."""
    url = new_database(postgres_url)
    migrate(url)
    first = versions(url)
    migrate(url)
    assert versions(url) == first == NEWEST


def test_processes_that_migrate_at_once_wait_for_each_other(postgres_url: str) -> None:
    """Four at once on an empty database: all succeed, with one schema."""
    url = new_database(postgres_url)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [url] * 4))
    assert versions(url) == NEWEST


@pytest.mark.parametrize("url", ["postgresql://u:secret@127.0.0.1:1/x", "postgres://u:secret@127.0.0.1:1/x"])
def test_a_server_out_of_reach_is_named_without_its_password(url: str) -> None:
    """The error names PostgreSQL and a remedy; the password stays out of it."""
    with pytest.raises(DependencyUnavailable, match="PostgreSQL") as caught:
        migrate(url)
    assert "doctor" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_invalid_database_url_is_refused_as_a_setting() -> None:
    """The error names DATABASE_URL."""
    with pytest.raises(DependencyUnavailable, match="DATABASE_URL"):
        migrate("not a url")


@pytest.mark.parametrize(
    ("available", "installed", "remedy"),
    [
        (None, None, "install pgvector"),
        ("0.7.4", None, "install pgvector"),
        ("0.8.5", "0.8.0", "ALTER EXTENSION vector UPDATE"),
    ],
)
def test_a_pgvector_too_old_is_refused_with_a_remedy(available: str, installed: str, remedy: str) -> None:
    """Missing, too old, or installed in the database before an update: each has its own remedy."""
    with pytest.raises(DependencyUnavailable, match=remedy):
        _check_pgvector(available, installed)


def test_a_role_without_the_right_to_create_tables_is_refused_with_a_remedy(postgres_url: str) -> None:
    """The error says what a superuser has to do."""
    url = new_database(postgres_url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
    with pytest.raises(DependencyUnavailable, match="superuser"):
        migrate(psycopg.conninfo.make_conninfo(url, user="reader"))


async def test_pages_have_the_columns_other_programs_read(pool: Pool) -> None:
    """`knowledge_scraped_pages` has the columns of the contract, with their types."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'knowledge_scraped_pages'"
        )
        columns = dict(await rows.fetchall())
    assert columns == {
        "id": "uuid",
        "job_id": "uuid",
        "page_id": "uuid",
        "url": "text",
        "title": "text",
        "content": "text",
        "content_hash": "text",
        "token_count": "integer",
        "scraped_at": "timestamp with time zone",
        "embedding": "USER-DEFINED",
        "metadata": "jsonb",
    }
