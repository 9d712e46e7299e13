"""Notices that a flow run has been started: whoever carries runs out need not wait for its next poll.

PostgreSQL's LISTEN and NOTIFY carry them. A notice may be lost (nobody listens at that moment): a hint, not a record.
"""

from collections.abc import AsyncIterator

import psycopg

from tasks.core.database import Pool

_CHANNEL = "widget_builder_runs"


async def notify_workers(pool: Pool) -> None:
    """Say that a run is due."""
    async with pool.connection() as connection:
        await connection.execute(f"NOTIFY {_CHANNEL}")


async def listen_for_runs(database_url: str) -> AsyncIterator[None]:
    """An item whenever runs have been announced.

    Raises:
        psycopg.OperationalError: the connection is lost, or could not be made.
    """
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {_CHANNEL}")
        async for _ in connection.notifies():
            yield
