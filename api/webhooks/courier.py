"""Courier: sends the deliveries of webhooks that are due, by request or e-mail, from any number of processes."""

import asyncio
import logging

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from api.webhooks.mailer import SCHEME, Mailer
from api.webhooks.signed_requests import Outcome, send_delivery
from tasks.core.database import Pool
from tasks.core.egress_policy import egress_policy
from tasks.core.settings import Settings
from tasks.records.webhook_outbox import ClaimedDelivery, claim_due, settle

logger = logging.getLogger("widget_builder.api")

SLOTS = 16
"""Deliveries that a process sends at once; a slow receiver holds one."""
LATE_SLOTS = 8
"""Those of them to receivers that failed before: many that never answer leave the others half of the slots."""
POLL_S = 2.0
"""Seconds until events that no delivery has woken us for are seen."""


class Courier:
    """Sends deliveries with the egress policy of these settings."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._policy = egress_policy(settings)
        self._mailer = Mailer.of(settings)
        self._sending: dict[asyncio.Task[None], ClaimedDelivery] = {}
        self._woken = asyncio.Event()

    async def deliver_forever(self) -> None:
        """Send what is due every few seconds, and as soon as an attempt has ended."""
        try:
            while True:
                try:
                    await self._start_due()
                except (DatabaseError, PoolTimeout, OSError) as error:
                    logger.warning("reading the webhooks' deliveries failed; retrying: %s", error)
                try:
                    async with asyncio.timeout(POLL_S):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                self._woken.clear()
        finally:
            sending = tuple(self._sending)
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def deliver_due(self) -> None:
        """Send everything that is due now, each once, and wait for the results."""
        while await self._start_due():
            await asyncio.gather(*self._sending)

    async def _start_due(self) -> int:
        free = SLOTS - len(self._sending)
        late = sum(delivery.is_late for delivery in self._sending.values())
        claimed = await claim_due(self._pool, free, LATE_SLOTS - late) if free else []
        for delivery in claimed:
            task = asyncio.create_task(self._send(delivery))
            self._sending[task] = delivery
            task.add_done_callback(self._ended)
        return len(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._woken.set()

    async def _attempt(self, delivery: ClaimedDelivery) -> Outcome:
        if not delivery.url.startswith(SCHEME):
            return await send_delivery(self._policy, delivery)
        if self._mailer is None:
            return Outcome(None, "this service has no mail server any more")
        return await self._mailer.deliver(delivery)

    async def _send(self, delivery: ClaimedDelivery) -> None:
        outcome = await self._attempt(delivery)
        if outcome.error is not None:
            logger.info("webhook delivery %s, attempt %d: %s", delivery.id, delivery.attempts, outcome.error)
        try:
            await settle(self._pool, delivery, outcome.status, outcome.error)
        except (DatabaseError, PoolTimeout, OSError) as error:
            # The claim expires, and the delivery is sent again.
            logger.warning("recording a webhook delivery failed: %s", error)
