"""Slots of the stages' global concurrency limits in Prefect, one a lane.

Prefect's own `concurrency` context is not used (3.8.8): it sleeps up to a minute although a slot may be free the next
moment, logs an error for each "all taken" answer, and does not expose its leases, so that the slots of a killed run
would stay taken until the leases expire.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

LEASE_S = 60.0
"""Seconds until a lease that is not renewed expires; the shortest that Prefect accepts."""
RENEW_S = 20.0
"""Seconds between renewals."""
RELEASE_TIMEOUT_S = 5.0
FIRST_WAIT_S = 0.5
"""First back-off in seconds while all slots are taken; it doubles up to `LONGEST_WAIT_S`."""
LONGEST_WAIT_S = 4.0

_UNAVAILABLE = (httpx.HTTPError, PrefectException)

Record = Callable[[Collection[UUID]], Awaitable[object]]
"""Writes down the leases held, so that another process can release them if this one cannot."""


class Slots:
    """The slots of one run. Its lanes request them one after the other, so that a waiting run costs little."""

    def __init__(self, client: PrefectClient, record: Record) -> None:
        self.client = client
        self._record = record
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._leases: set[UUID] = set()

    @property
    def leases(self) -> Collection[UUID]:
        """Leases of the slots held."""
        return self._leases

    @asynccontextmanager
    async def hold(self, limit: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it until the context ends.

        A limit that does not exist limits nothing. While Prefect's server is unavailable, lanes with a slot keep
        working, and lanes without one retry.
        """
        async with self._locks[limit]:
            lease = await self._acquire(limit)
        try:
            if lease is not None:
                # Not with the next heartbeat: the slot of a run that stops before it would stay taken for a minute.
                await self._record(self._leases)
            yield
        finally:
            if lease is not None:
                await _finish(self.release([lease]))

    async def release(self, leases: Iterable[UUID]) -> None:
        """Release slots; a slot whose release fails is free when its lease expires."""
        for lease in leases:
            self._leases.discard(lease)
            try:
                async with asyncio.timeout(RELEASE_TIMEOUT_S):
                    await self.client.release_concurrency_slots_with_lease(lease)
            except (*_UNAVAILABLE, TimeoutError) as error:
                get_run_logger().warning(
                    "A slot could not be released; it is free when its lease expires: %s", _cause(error)
                )

    async def renew_forever(self) -> None:
        """Renew all leases periodically; a failed renewal is only logged."""
        while True:
            await asyncio.sleep(RENEW_S)
            for lease in tuple(self._leases):
                try:
                    # Lanes give up their slots meanwhile: the server would answer 410 Gone.
                    if lease in self._leases:
                        await self.client.renew_concurrency_lease(lease, LEASE_S)
                except _UNAVAILABLE as error:
                    if lease in self._leases:
                        get_run_logger().warning("A slot's lease could not be renewed: %s", _cause(error))

    async def _acquire(self, limit: str) -> UUID | None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return await self._request(limit)
            except _UNAVAILABLE as error:
                if not _all_taken(error):
                    get_run_logger().warning("Requesting a slot of %s failed; retrying: %s", limit, _cause(error))
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _request(self, limit: str) -> UUID | None:
        request = asyncio.create_task(self._send_request(limit))
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            # The server may grant the slot all the same: then it has to be released.
            await asyncio.wait([request], timeout=RELEASE_TIMEOUT_S)
            if request.done() and not request.exception() and (lease := request.result()):
                await _finish(self.release([lease]))
            raise

    async def _send_request(self, limit: str) -> UUID | None:
        answer = await self.client.increment_concurrency_slots_with_lease(
            names=[limit], slots=1, mode="concurrency", lease_duration=LEASE_S
        )
        granted = answer.json()
        if not granted["limits"]:
            return None
        lease = UUID(granted["lease_id"])
        self._leases.add(lease)
        return lease


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Finish the work even if the current task is cancelled; then raise the cancellation."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _cause(error: Exception) -> str:
    """Describe the error; those of timeouts have no text."""
    if isinstance(error, TimeoutError):
        return f"Prefect's server did not answer within {RELEASE_TIMEOUT_S:g} s"
    return str(error) or type(error).__name__


def _all_taken(error: Exception) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.LOCKED


@asynccontextmanager
async def open_slots(leftover: Collection[UUID], record: Record) -> AsyncIterator[Slots]:
    """Open a run's slots and renew their leases; first release the `leftover` leases of its earlier attempt."""
    async with get_client(sync_client=False) as client:
        slots = Slots(client, record)
        await slots.release(leftover)
        keeper = asyncio.create_task(slots.renew_forever())
        try:
            yield slots
        finally:
            keeper.cancel()
