"""Planned readings: when each widget's site is read next, by Prefect's schedules, as known a moment ago.

Lists of widgets show them. Prefect gives all schedules at once, which takes as long as a list of a thousand widgets.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.builds.prefect_runs import PrefectRuns
from api.builds.prefect_schedules import PrefectSchedules
from tasks.core.errors import DependencyUnavailable

logger = logging.getLogger("widget_builder.api")

FRESH_S = 30.0
"""Seconds after which schedules are read again."""
WAIT_S = 3.0
"""Seconds that a list waits for them; later ones have them."""


@dataclass(frozen=True)
class NextReadings:
    """The times of the next readings."""

    own: Mapping[UUID, datetime | None]
    """Of widgets with a schedule; None while it is paused."""
    nightly: datetime | None
    """Of all others that have knowledge."""

    def of(self, widget_id: UUID, *, is_ready: bool) -> datetime | None:
        """Return when the widget's site is read next; None if that is not planned."""
        return self.own.get(widget_id, self.nightly if is_ready else None)


class PlannedReadings:
    """The next readings of all widgets, read from Prefect at most every `FRESH_S`."""

    def __init__(self, runs: PrefectRuns) -> None:
        self._runs = runs
        self._known = NextReadings({}, None)
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def read(self) -> NextReadings:
        """Return the next readings; those known before, or none, while Prefect is slow or does not answer."""
        if self._reading is None and (now := time.monotonic()) - self._read_at > FRESH_S:
            # Also if it fails: not every list waits for a server that is down.
            self._read_at = now
            self._reading = asyncio.create_task(self._renew())
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=WAIT_S)
        return self._known

    def forget(self) -> None:
        """Have the schedules read again: one has been changed."""
        self._read_at = float("-inf")

    async def _renew(self) -> None:
        try:
            own, nightly = await PrefectSchedules(self._runs.client).read_all()
        except DependencyUnavailable as error:
            logger.warning("the times of the next readings cannot be shown: %s", error)
        else:
            self._known = NextReadings(own, nightly)
        finally:
            self._reading = None
