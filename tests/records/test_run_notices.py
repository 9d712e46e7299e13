"""Notices of new runs."""

import asyncio

from tasks.core.database import Pool
from tasks.records.run_notices import listen_for_runs, notify_workers


async def test_a_run_that_is_announced_is_heard_of(pool: Pool, database_url: str) -> None:
    """By everybody who listens."""
    notices = [aiter(listen_for_runs(database_url)) for _ in range(2)]
    hearing = [asyncio.ensure_future(anext(each)) for each in notices]
    async with asyncio.timeout(10):
        while not all(each.done() for each in hearing):
            # Whoever does not listen yet misses a notice.
            await notify_workers(pool)
            await asyncio.sleep(0.05)
    for each in notices:
        await each.aclose()
