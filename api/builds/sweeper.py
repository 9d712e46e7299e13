"""Sweep of builds whose flow run died: restart them where they stopped, or end them with a cause.

Prefect's own detection of dead runs takes minutes and may miss some. A build's flow therefore sends a heartbeat every
second, and a missing heartbeat is enough to act.
"""

import asyncio
import logging

from psycopg import Error as DatabaseError

from api.builds.prefect_runs import PrefectRuns, RunRecord, StateType
from api.builds.waiting_builds import WaitingBuilds
from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, DependencyUnavailable
from tasks.core.events import EventDraft, EventType
from tasks.records.build_events import append_event
from tasks.records.builds import OpenBuild, link_flow_run, read_open_builds

logger = logging.getLogger("widget_builder.api")

SWEEP_S = 5.0
SILENT_S = 30.0
"""Seconds without a heartbeat after which a running build is dead."""
STUCK_S = 120.0
"""Seconds after which a pending run is not expected to start any more."""
ATTEMPTS = 3
"""Most starts of a build's flow run."""


class Sweeper:
    """Sweeps all builds without a terminal event."""

    def __init__(self, pool: Pool, runs: PrefectRuns) -> None:
        self._pool = pool
        self._runs = runs
        self._waiting = WaitingBuilds(pool, runs)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Sweep now: a run changed its state."""
        self._woken.set()

    async def sweep_forever(self) -> None:
        """Sweep every few seconds, and when woken."""
        while True:
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            try:
                await self.sweep()
            except (DependencyUnavailable, DatabaseError, OSError) as error:
                logger.warning("sweep of unfinished builds failed; retrying: %s", error)

    async def sweep(self) -> None:
        """Check each open build once.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        builds = await read_open_builds(self._pool)
        await self._waiting.tell(builds)
        runs = await self._runs.read([build.flow_run_id for build in builds if build.flow_run_id])
        for build in builds:
            if build.flow_run_id is None:
                await self._start_missing_run(build)
            else:
                await self._check(build, runs.get(build.flow_run_id))

    async def _start_missing_run(self, build: OpenBuild) -> None:
        """Start the run of a build whose API process died before it could."""
        if build.silent_s > SILENT_S:
            started = await self._runs.start(build.id, build.request, build.attempt)
            await link_flow_run(self._pool, build.id, started, attempt=build.attempt)

    async def _check(self, build: OpenBuild, run: RunRecord | None) -> None:
        if run is None:
            await self._end(build, EventType.builder_failed, "the flow run no longer exists in Prefect")
        elif run.state is StateType.CANCELLED:
            await self._end(build, EventType.builder_cancelled, None)
        elif run.state in (StateType.FAILED, StateType.COMPLETED):
            cause = run.message or "the flow run ended without a result"
            await self._end(build, EventType.builder_failed, cause)
        elif run.state is StateType.SCHEDULED and not run.has_queue:
            await self._replace(build, run)
        elif has_died(build, run):
            await self._restart(build, run)

    async def _replace(self, build: OpenBuild, run: RunRecord) -> None:
        """Start another run in place of one that no worker can find."""
        logger.warning("build %s: no worker can find its flow run, and another is started", build.id)
        started = await self._runs.start(build.id, build.request, build.attempt, instead_of=run.id)
        await link_flow_run(self._pool, build.id, started, attempt=build.attempt)
        await self._runs.end(run.id, "cancelled")

    async def _restart(self, build: OpenBuild, run: RunRecord) -> None:
        reason = f"{run.state}, silent for {silent_s(build, run):.0f} s"
        if run.run_count >= ATTEMPTS:
            cause = f"the flow run died {run.run_count} times: {reason}"
            await self._end(build, EventType.builder_failed, cause)
            await self._runs.fail(run.id, cause)
            return
        logger.warning("build %s: its flow run died (%s) and is restarted where it stopped", build.id, reason)
        await self._runs.restart(run.id, reason)

    async def _end(self, build: OpenBuild, type_: EventType, cause: str | None) -> None:
        message = "The build was cancelled" if cause is None else "The build cannot go on"
        draft = EventDraft(type=type_, message=message, detail=cause)
        try:
            # The state in Prefect is that of a run of this attempt: its owner may have resumed the build meanwhile.
            await append_event(self._pool, build.id, draft, attempt=build.attempt)
        except BuildEnded:
            logger.info("build %s ended or began again in the meantime", build.id)


def silent_s(build: OpenBuild, run: RunRecord) -> float:
    """Seconds since the last heartbeat or state change: a build may have waited long for its run to start."""
    return min(build.silent_s, run.state_age_s)


def has_died(build: OpenBuild, run: RunRecord) -> bool:
    """Whether the run will not continue by itself."""
    if run.state is StateType.CRASHED:
        return True
    if run.state is StateType.RUNNING:
        return silent_s(build, run) > SILENT_S
    return run.state is StateType.PENDING and silent_s(build, run) > STUCK_S
