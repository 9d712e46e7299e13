"""Builds that wait for a worker: each is told its place and the reason, as an event."""

import time

from api.builds.prefect_runs import PrefectRuns
from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.events import EventDraft, EventType
from tasks.records.build_events import append_queued
from tasks.records.builds import OpenBuild

PATIENCE_S = 3.0
"""Seconds that a start usually takes: after that, waiting is told."""
WORKER_S = 10.0
"""Seconds between two looks whether a worker is online."""
MOST_TOLD = 20
"""Builds that are told each change of their place; those behind them, every tenth place only."""


class WaitingBuilds:
    """Tells the builds that wait."""

    def __init__(self, pool: Pool, runs: PrefectRuns) -> None:
        self._pool = pool
        self._runs = runs
        self._has_worker = True
        self._looked_at = float("-inf")

    async def tell(self, builds: list[OpenBuild]) -> None:
        """Tell those of the open builds, oldest first, that have not begun."""
        waiting = [build for build in builds if not build.has_begun]
        for place, build in enumerate(waiting, start=1):
            if build.silent_s > PATIENCE_S and (place <= MOST_TOLD or place % 10 == 0):
                await append_queued(self._pool, build.id, build.last_seq, await self._describe(place))

    async def _describe(self, place: int) -> EventDraft:
        reason = "workers_busy" if await self._is_worker_online() else "no_worker"
        position = "this build is next" if place == 1 else f"{place - 1} builds are before this one"
        cause = "All workers are busy" if reason == "workers_busy" else "No worker is running"
        data = {"place": place, "reason": reason}
        return EventDraft(type=EventType.builder_queued, message=f"{cause}: {position}", data=data)

    async def _is_worker_online(self) -> bool:
        if time.monotonic() - self._looked_at > WORKER_S:
            self._looked_at = time.monotonic()
            try:
                await self._runs.check_worker()
                self._has_worker = True
            except DependencyUnavailable:
                self._has_worker = False
        return self._has_worker
