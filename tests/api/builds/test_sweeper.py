"""The rules by which a build's flow run counts as dead."""

from uuid import uuid4

import pytest

from api.builds.prefect_runs import RunRecord, StateType
from api.builds.sweeper import has_died
from tasks.records.builds import OpenBuild


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
