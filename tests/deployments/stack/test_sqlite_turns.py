"""Transactions of the embedded Prefect server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from prefect.server.database.configurations import AioSqliteConfiguration

WRITERS = 8


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["AioSqliteConfiguration"]:
    """Prefect's configuration of a SQLite database with one counter in it."""
    # Every process that collects the tests would load Prefect's server, a tenth of all that they import.
    from prefect.server.database.configurations import AioSqliteConfiguration

    from deployments.stack.sqlite_turns import begin_in_turn

    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", begin_in_turn)
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{tmp_path}/prefect.db")
    engine = await configuration.engine()
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE counter (value INTEGER)"))
        await connection.execute(sa.text("INSERT INTO counter VALUES (0)"))
    yield configuration
    await engine.dispose()


async def count_up(database: "AioSqliteConfiguration") -> None:
    """Read, give others time to write, then write: what Prefect's transactions do."""
    async with await database.session(await database.engine()) as session, database.begin_transaction(session):
        value = (await session.execute(sa.text("SELECT value FROM counter"))).scalar_one()
        await asyncio.sleep(0.01)
        await session.execute(sa.text("UPDATE counter SET value = :value"), {"value": value + 1})


async def test_transactions_that_read_and_then_write_never_find_the_database_locked(
    database: "AioSqliteConfiguration",
) -> None:
    """No update is lost either."""
    await asyncio.gather(*(count_up(database) for _ in range(WRITERS)))
    async with (await database.engine()).connect() as connection:
        assert (await connection.execute(sa.text("SELECT value FROM counter"))).scalar_one() == WRITERS


async def test_a_transaction_within_another_does_not_wait_for_its_end(database: "AioSqliteConfiguration") -> None:
    """Waiting would be a deadlock."""
    engine = await database.engine()
    async with (
        asyncio.timeout(5),
        await database.session(engine) as outer,
        database.begin_transaction(outer),
        await database.session(engine) as inner,
        database.begin_transaction(inner),
    ):
        assert (await inner.execute(sa.text("SELECT value FROM counter"))).scalar_one() == 0


async def test_a_transaction_that_fails_gives_its_turn_away(database: "AioSqliteConfiguration") -> None:
    """The next transaction begins."""
    with pytest.raises(ZeroDivisionError):
        async with await database.session(await database.engine()) as session, database.begin_transaction(session):
            raise ZeroDivisionError
    async with asyncio.timeout(5):
        await count_up(database)
