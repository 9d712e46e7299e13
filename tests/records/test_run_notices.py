"""Notices of new flow runs."""

import asyncio

from tasks.core.database import Pool
from tasks.records.run_notices import listen_for_runs, notify_workers


async def test_a_notice_reaches_all_listening_workers(pool: Pool, database_url: str) -> None:
    """Each listener gets it over its own connection."""
    notices = [aiter(listen_for_runs(database_url)) for _ in range(2)]
    waiting = [asyncio.ensure_future(anext(each)) for each in notices]
    async with asyncio.timeout(10):
        while not all(each.done() for each in waiting):
            # A listener that is not connected yet misses a notice.
            await notify_workers(pool)
            await asyncio.sleep(0.05)
    for each in notices:
        await each.aclose()
