"""A lane's slot of a stage's global concurrency limit in Prefect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError, concurrency
from prefect.logging import get_run_logger

RETRY_S = 2.0


@asynccontextmanager
async def hold_slot(limit: str) -> AsyncIterator[None]:
    """Wait for a slot and hold it for the time of the context.

    A limit that does not exist limits nothing. While the Prefect server is away, lanes that have a slot work
    on (a lease that cannot be renewed ends nothing), and those that want one ask again.
    """
    async with AsyncExitStack() as held:
        while True:
            slot = concurrency(limit, occupy=1, raise_on_lease_renewal_failure=False)
            try:
                await held.enter_async_context(slot)
                break
            except ConcurrencySlotAcquisitionError as error:
                get_run_logger().warning("No slot of %s at the moment: %s", limit, error)
                await asyncio.sleep(RETRY_S)
        yield
