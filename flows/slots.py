"""A lane's slot of a stage's global concurrency limit in Prefect.

Prefect's own `concurrency` context is not used (3.8.8): it sleeps up to a minute although a slot may be free the next
moment, logs an error for each answer that says "all taken", and keeps its leases to itself, so that the slots of a
run that was killed would stay taken until they expire.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

LEASE_S = 60.0
"""A slot that nobody renews is free after this time; the shortest that Prefect takes."""
RENEW_S = 20.0
RELEASE_TIMEOUT_S = 5.0
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 4.0

_AWAY = (httpx.HTTPError, PrefectException)


class Slots:
    """The slots of one run. Its lanes ask one after the other, so that a run that waits costs little."""

    def __init__(self, client: PrefectClient) -> None:
        self.client = client
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._leases: set[UUID] = set()

    @property
    def leases(self) -> Collection[UUID]:
        """Leases of the slots held now."""
        return self._leases

    @asynccontextmanager
    async def hold(self, limit: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it for the time of the context.

        A limit that does not exist limits nothing. While the Prefect server is away, lanes that have a slot work
        on, and those that want one ask again.
        """
        async with self._asking[limit]:
            lease = await self._acquire(limit)
        try:
            yield
        finally:
            if lease is not None:
                await _to_its_end(self.release([lease]))

    async def release(self, leases: Iterable[UUID]) -> None:
        """Give slots back; one that cannot be given back now is free when its lease expires."""
        for lease in leases:
            self._leases.discard(lease)
            try:
                async with asyncio.timeout(RELEASE_TIMEOUT_S):
                    await self.client.release_concurrency_slots_with_lease(lease)
            except (*_AWAY, TimeoutError) as error:
                get_run_logger().warning("A slot is given back only when its lease expires: %s", error)

    async def renew_forever(self) -> None:
        """Keep the slots; a lease that cannot be renewed ends nothing."""
        while True:
            await asyncio.sleep(RENEW_S)
            for lease in tuple(self._leases):
                try:
                    await self.client.renew_concurrency_lease(lease, LEASE_S)
                except _AWAY as error:
                    get_run_logger().warning("A slot's lease cannot be renewed: %s", error)

    async def _acquire(self, limit: str) -> UUID | None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return await self._ask(limit)
            except _AWAY as error:
                if not _all_taken(error):
                    get_run_logger().warning("No slot of %s at the moment: %s", limit, error)
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _ask(self, limit: str) -> UUID | None:
        asking = asyncio.create_task(self._request(limit))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            # What was asked for may be granted all the same.
            await asyncio.wait([asking], timeout=RELEASE_TIMEOUT_S)
            if asking.done() and not asking.exception() and (lease := asking.result()):
                await _to_its_end(self.release([lease]))
            raise

    async def _request(self, limit: str) -> UUID | None:
        answer = await self.client.increment_concurrency_slots_with_lease(
            names=[limit], slots=1, mode="concurrency", lease_duration=LEASE_S
        )
        granted = answer.json()
        if not granted["limits"]:
            return None
        lease = UUID(granted["lease_id"])
        self._leases.add(lease)
        return lease


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Have the work done, then be cancelled."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _all_taken(error: Exception) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.LOCKED


@asynccontextmanager
async def open_slots(left_behind: Collection[UUID]) -> AsyncIterator[Slots]:
    """A run's slots, kept while the context is open. Those its earlier attempt left behind are given back first."""
    async with get_client(sync_client=False) as client:
        slots = Slots(client)
        await slots.release(left_behind)
        keeper = asyncio.create_task(slots.renew_forever())
        try:
            yield slots
        finally:
            keeper.cancel()
