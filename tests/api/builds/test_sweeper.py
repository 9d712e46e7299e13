"""The sweeper: which flow runs count as dead, and which builds end with them."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient

from api.builds.prefect_runs import PrefectRuns, RunRecord, StateType
from api.builds.sweeper import Sweeper, has_died
from tasks.core.database import Pool, open_pool
from tasks.core.models import Job
from tasks.records.builds import OpenBuild, link_flow_run, read_build
from tasks.records.resumed_builds import resume_build
from tasks.records.schema import migrate
from tests.knowledge.material import cancel, new_job
from tests.records.databases import new_database


@pytest.mark.parametrize(
    ("state", "build_silent_s", "state_age_s", "dead"),
    [
        (StateType.RUNNING, 1, 600, False),
        (StateType.RUNNING, 40, 600, True),
        (StateType.RUNNING, 600, 5, False),
        (StateType.PENDING, 90, 600, False),
        (StateType.PENDING, 600, 600, True),
        (StateType.PENDING, 600, 5, False),
        (StateType.SCHEDULED, 6_000, 6_000, False),
        (StateType.CRASHED, 0, 0, True),
    ],
)
def test_a_run_is_dead_when_it_is_silent_for_too_long_since_it_began(
    state: StateType, build_silent_s: float, state_age_s: float, dead: bool
) -> None:
    """A build that has just started after ten minutes in the queue is alive."""
    build = OpenBuild(
        id=uuid4(), flow_run_id=uuid4(), url="https://example.com/", depth=1, max_pages=1, silent_s=build_silent_s
    )
    run = RunRecord(id=uuid4(), state=state, message="", run_count=1, state_age_s=state_age_s)
    assert has_died(build, run) is dead


class SlowRuns(PrefectRuns):
    """Runs whose state arrives when the owner has cancelled the build and resumed it."""

    def __init__(self, pool: Pool, job: Job, run_id: UUID) -> None:
        # No server is there: whatever else is asked of Prefect fails.
        super().__init__(PrefectClient("http://127.0.0.1:9/api"))
        self._pool = pool
        self._job = job
        self._run_id = run_id

    async def read(self, run_ids: Sequence[UUID]) -> dict[UUID, RunRecord]:
        """Return the build's run as cancelled."""
        assert run_ids == [self._run_id]
        await cancel(self._pool, self._job)
        await resume_build(self._pool, self._job.build_id)
        cancelled = RunRecord(id=self._run_id, state=StateType.CANCELLED, message="", run_count=1, state_age_s=0)
        return {self._run_id: cancelled}


async def test_a_build_resumed_during_a_sweep_does_not_end_with_its_former_run(postgres_url: str) -> None:
    """The state in Prefect is that of the attempt before."""
    url = new_database(postgres_url)  # A sweep is of all builds.
    await asyncio.to_thread(migrate, url)
    async with open_pool(url) as pool:
        job, run_id = await new_job(pool), uuid4()
        await link_flow_run(pool, job.build_id, run_id, attempt=job.attempt)
        await Sweeper(pool, SlowRuns(pool, job, run_id)).sweep()
        assert (await read_build(pool, job.build_id)).status == "pending"
