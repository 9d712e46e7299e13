"""Builds whose flow run died: run again where they stopped, or ended with a cause.

Prefect's own detection of dead runs takes minutes and may miss them; a build's flow therefore shows every
second that it lives, and silence is enough to act.
"""

import asyncio
import logging
from uuid import UUID

from psycopg import Error as DatabaseError

from api.builds.prefect_runs import PrefectRuns, RunRecord, StateType
from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, DependencyUnavailable
from tasks.core.events import EventDraft, EventType
from tasks.core.models import BuildRequest
from tasks.records.build_events import append_event
from tasks.records.builds import OpenBuild, link_flow_run, read_open_builds

logger = logging.getLogger("widget_builder.api")

SWEEP_S = 5.0
SILENT_S = 30.0
"""A running build that has been silent for so long is dead."""
STUCK_S = 120.0
"""A run that has been pending for so long will not begin."""
ATTEMPTS = 3
"""How often a build's run may begin."""


class Sweeper:
    """Looks after all builds without a terminal event."""

    def __init__(self, pool: Pool, runs: PrefectRuns) -> None:
        self._pool = pool
        self._runs = runs
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Look now: some run changed its state."""
        self._poked.set()

    async def sweep_forever(self) -> None:
        """Sweep every few seconds, and when poked."""
        while True:
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._poked.wait()
            except TimeoutError:
                pass
            self._poked.clear()
            try:
                await self.sweep()
            except (DependencyUnavailable, DatabaseError, OSError) as error:
                logger.warning("builds cannot be looked after at the moment: %s", error)

    async def sweep(self) -> None:
        """Look at each open build once.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        builds = await read_open_builds(self._pool)
        runs = await self._runs.read([build.flow_run_id for build in builds if build.flow_run_id])
        for build in builds:
            if build.flow_run_id is None:
                await self._start_anew(build)
            else:
                await self._look_after(build, runs.get(build.flow_run_id))

    async def _start_anew(self, build: OpenBuild) -> None:
        """The API that took the request died before it had started the run."""
        if build.silent_s > SILENT_S:
            request = BuildRequest(url=build.url, depth=build.depth, max_pages=build.max_pages)
            await link_flow_run(self._pool, build.id, await self._runs.start(build.id, request))

    async def _look_after(self, build: OpenBuild, run: RunRecord | None) -> None:
        if run is None:
            await self._end(build.id, EventType.builder_failed, "its flow run has vanished")
        elif run.state is StateType.CANCELLED:
            await self._end(build.id, EventType.builder_cancelled, None)
        elif run.state in (StateType.FAILED, StateType.COMPLETED):
            cause = run.message or "the flow run ended without a result"
            await self._end(build.id, EventType.builder_failed, cause)
        elif has_died(build, run):
            await self._revive(build, run)

    async def _revive(self, build: OpenBuild, run: RunRecord) -> None:
        why = f"{run.state}, silent for {silent_s(build, run):.0f} s"
        if run.run_count >= ATTEMPTS:
            cause = f"its flow run died {run.run_count} times: {why}"
            await self._end(build.id, EventType.builder_failed, cause)
            return
        logger.warning("build %s: its flow run died (%s); it goes on where it stopped", build.id, why)
        await self._runs.run_again(run.id, why)

    async def _end(self, build_id: UUID, type_: EventType, cause: str | None) -> None:
        message = "The build was cancelled" if cause is None else "The build cannot go on"
        try:
            await append_event(self._pool, build_id, EventDraft(type=type_, message=message, detail=cause))
        except BuildEnded:
            logger.info("build %s ended by itself meanwhile", build_id)


def silent_s(build: OpenBuild, run: RunRecord) -> float:
    """Seconds since anything was heard of the run. A build may have waited long for it to begin: that is no silence."""
    return min(build.silent_s, run.state_age_s)


def has_died(build: OpenBuild, run: RunRecord) -> bool:
    """Whether the run will not go on by itself."""
    if run.state is StateType.CRASHED:
        return True
    if run.state is StateType.RUNNING:
        return silent_s(build, run) > SILENT_S
    return run.state is StateType.PENDING and silent_s(build, run) > STUCK_S
