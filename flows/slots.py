"""A lane's slot of a stage's global concurrency limit in Prefect."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError, concurrency
from prefect.logging import get_run_logger

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 4.0


class Slots:
    """The slots of one run. Its lanes ask one after the other, so that a run that waits costs little."""

    def __init__(self) -> None:
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, limit: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it for the time of the context.

        A limit that does not exist limits nothing. While the Prefect server is away, lanes that have a slot work
        on (a lease that cannot be renewed ends nothing), and those that want one ask again.
        """
        async with AsyncExitStack() as held:
            async with self._asking[limit]:
                await _acquire(limit, held)
            yield


async def _acquire(limit: str, held: AsyncExitStack) -> None:
    wait_s = FIRST_WAIT_S
    while True:
        # Prefect's own waiting sleeps up to a minute, although a slot may be free the next moment.
        slot = concurrency(limit, occupy=1, max_retries=0, raise_on_lease_renewal_failure=False)
        try:
            await held.enter_async_context(slot)
            return
        except ConcurrencySlotAcquisitionError as error:
            if not _all_taken(error):
                get_run_logger().warning("No slot of %s at the moment: %s", limit, error)
        await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def _all_taken(error: ConcurrencySlotAcquisitionError) -> bool:
    cause = error.__cause__
    return isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code == httpx.codes.LOCKED
