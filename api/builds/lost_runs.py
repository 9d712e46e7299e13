"""Lost runs: begun in Prefect, and carried out by nobody, while no unfinished build tells it (`api.builds.sweeper`).

A process that is killed before its run has recorded a build, or a re-crawl of all widgets, leaves such a run; so does
one that is killed after its build has ended. Prefect would show them as running for ever, and count them as such.
"""

import asyncio
import logging

from psycopg import Error as DatabaseError

from api.builds.prefect_runs import PrefectRuns, RunRecord, StateType
from api.builds.sweeper import ATTEMPTS, STUCK_S
from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.records.run_locks import find_free
from tasks.records.run_states import RunOutcome, read_run_outcomes

logger = logging.getLogger("widget_builder.api")

LOOK_S = 15.0
CRASH_S = 10.0
"""Seconds after which a crashed run is restarted …"""
OLD_S = 3_600.0
"""… and after which it is history."""
COMPLETED_S = 1_900.0
"""Seconds that the run of a completed build may go on: it may still index passages."""


class LostRuns:
    """Finds lost runs, and restarts or ends them."""

    def __init__(self, pool: Pool, runs: PrefectRuns) -> None:
        self._pool = pool
        self._runs = runs

    async def sweep_forever(self) -> None:
        """Look every few seconds."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.sweep()
            except (DependencyUnavailable, DatabaseError, OSError) as error:
                logger.warning("the search for lost runs failed; retrying: %s", error)

    async def sweep(self) -> None:
        """Look once.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        runs = {run_id: run for run_id, run in (await self._runs.read_begun()).items() if _is_suspect(run)}
        builds = await read_run_outcomes(self._pool, list(runs))
        free = await find_free(self._pool, [run_id for run_id in runs if run_id not in builds])
        for run_id, run in runs.items():
            if build := builds.get(run_id):
                await self._settle(run, build)
            elif run_id in free:
                await self._restart(run)

    async def _settle(self, run: RunRecord, build: RunOutcome) -> None:
        """End a run that is shown as running long after the end of its build, or that crashed after it."""
        if build.ended_s is None:
            return
        if run.state is StateType.CRASHED:
            # An operator may have started it again since: that attempt crashed before it recorded a build of its own.
            has_ended = await self._runs.read_start_age(run.id) > build.ended_s
        else:
            has_ended = build.ended_s > (COMPLETED_S if build.status == "completed" else STUCK_S)
        if has_ended:
            await self._runs.end(run.id, build.status)

    async def _restart(self, run: RunRecord) -> None:
        reason = f"{run.state}, and no process carries it out"
        if run.run_count >= ATTEMPTS:
            if run.state is not StateType.CRASHED:
                await self._runs.fail(run.id, f"the flow run died {run.run_count} times: {reason}")
            return
        logger.warning("flow run %s died (%s) and is restarted", run.id, reason)
        await self._runs.restart(run.id, reason)


def _is_suspect(run: RunRecord) -> bool:
    if run.state is StateType.CRASHED:
        return CRASH_S < run.state_age_s < OLD_S
    return run.state_age_s > STUCK_S
