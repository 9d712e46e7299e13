"""A lane's slot of a stage's global concurrency limit in Prefect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect.concurrency.asyncio import concurrency

LIMITS = ("extract-browser", "extract-http", "scrape", "embed", "store")
"""The limits, one a kind of lane; `widget-builder up` and `register` create them."""


@asynccontextmanager
async def hold_slot(limit: str) -> AsyncIterator[None]:
    """Wait for a slot and hold it for the time of the context.

    A limit that does not exist limits nothing. A lease that cannot be renewed while the server is away
    does not end the lane's work (a restarted server would otherwise fail every build under way).
    """
    async with concurrency(limit, occupy=1, raise_on_lease_renewal_failure=False):
        yield
