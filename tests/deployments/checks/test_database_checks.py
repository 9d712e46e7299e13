"""The doctor on the database."""

from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from tasks.records.schema import MIGRATIONS, migrate
from tasks.records.schema_version import needed_version
from tests.conftest import MakeSettings
from tests.deployments.checks.examining import NOBODY, find, problem_and_remedy
from tests.records.databases import migrate_to, new_database


async def test_a_database_with_the_newest_schema_is_well(settings: MakeSettings) -> None:
    """The detail names the versions of server and pgvector and the schema's revision."""
    finding = await find("Database", settings())
    assert finding.ok
    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))
    assert finding.detail == f"PostgreSQL 18, pgvector 0.8.5, schema {newest} (DATABASE_URL)"


async def test_a_database_out_of_reach_is_a_finding_without_its_password(settings: MakeSettings) -> None:
    """Nothing listens at that address."""
    wrong = settings(database_url=SecretStr(f"postgresql://anna:hunter2@{NOBODY}/x"))
    problem, remedy = problem_and_remedy(await find("Database", wrong))
    assert "Connection refused" in problem
    assert remedy == "start PostgreSQL, or correct DATABASE_URL"


@pytest.mark.parametrize("address", ["postgres//anna:hunter2@db/x", "postgresql://anna:hunter2@db:port/x"])
async def test_an_unreadable_database_address_is_not_repeated(settings: MakeSettings, address: str) -> None:
    """The driver's own message contains the whole URL with its password."""
    finding = await find("Database", settings(database_url=SecretStr(address)))
    assert not finding.ok
    assert "hunter2" not in repr(finding)


async def test_a_database_behind_the_schema_is_to_be_migrated(settings: MakeSettings, postgres_url: str) -> None:
    """The remedy for a database without tables is the command, and it works."""
    url = new_database(postgres_url)
    problem, remedy = problem_and_remedy(await find("Database", settings(database_url=SecretStr(url))))
    assert problem == "the database has no tables yet"
    assert remedy == "run `widget-builder migrate`"
    migrate(url)
    assert (await find("Database", settings(database_url=SecretStr(url)))).ok


async def test_an_update_to_be_finished_is_a_warning(settings: MakeSettings, postgres_url: str) -> None:
    """The database that the version before may still use is well; the command is named that ends it."""
    url = new_database(postgres_url)
    migrate_to(url, needed_version())
    finding = await find("Database", settings(database_url=SecretStr(url)))
    assert finding.ok
    assert "`widget-builder migrate --finish`" in finding.warning


async def test_a_schema_from_the_future_is_not_to_be_migrated(settings: MakeSettings, postgres_url: str) -> None:
    """A database that a later version has migrated needs that version."""
    url = new_database(postgres_url)
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    problem, remedy = problem_and_remedy(await find("Database", settings(database_url=SecretStr(url))))
    assert "9999" in problem
    assert "migrate" not in remedy


async def test_data_of_another_postgres_is_a_finding(settings: MakeSettings, tmp_path: Path) -> None:
    """The embedded server would only log why it cannot use the data."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    problem, _ = problem_and_remedy(await find("Database", settings(database_url=None)))
    assert "was written by PostgreSQL 16" in problem
