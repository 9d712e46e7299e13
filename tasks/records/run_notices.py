"""Notices of new flow runs, over PostgreSQL's LISTEN and NOTIFY: a worker need not wait for its next poll.

A notice is a hint, not a record: it is lost if no worker listens at that moment.
"""

from collections.abc import AsyncIterator

import psycopg

from tasks.core.database import Pool

_CHANNEL = "widget_builder_runs"


async def notify_workers(pool: Pool) -> None:
    """Notify the listening workers that a run is due."""
    async with pool.connection() as connection:
        await connection.execute(f"NOTIFY {_CHANNEL}")


async def listen_for_runs(database_url: str) -> AsyncIterator[None]:
    """Yield once for each notice of a run.

    Raises:
        psycopg.OperationalError: the connection failed or was lost.
    """
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {_CHANNEL}")
        async for _ in connection.notifies():
            yield
