"""Runs whose builds have ended and whose processes have not: they would keep their place in the worker for ever.

A flow notices the end of its build within a second. One whose event loop is blocked does not, so the worker looks
itself, at the database: whoever ended the build, and whatever its process is doing.
"""

import time
from collections.abc import Collection
from uuid import UUID

from tasks.records.run_states import RunState, read_run_states

POLL_S = 5.0
"""Seconds between two looks."""
LOOK_TIMEOUT_S = 15.0
"""Seconds that one look may take: a database that does not answer must not stop the looks."""
GRACE_S = 20.0
"""Seconds from the end of a build until its process is ended: to write its last state and close its browser."""
COMPLETED_GRACE_S = 1_800.0
"""The same for a completed build, which may still index its passages."""


class EndedBuilds:
    """Finds the runs whose grace period is over."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._known: dict[UUID, RunState] = {}
        """The last state of each run's build."""
        self._ended_at: dict[UUID, float] = {}

    async def find(self, running: Collection[UUID]) -> dict[UUID, RunState]:
        """Return those of the running runs that have to be ended, with the last state of their builds.

        Raises:
            psycopg.Error: the database does not answer.
        """
        states = await read_run_states(self._database_url, running) if running else {}
        self._known = {
            run: states.get(run) or self._known[run] for run in running if run in states or run in self._known
        }
        now = time.monotonic()
        # A build that was there and is not was deleted with its widget.
        ended = {run for run, state in self._known.items() if state.is_over or run not in states}
        self._ended_at = {run: self._ended_at.get(run, now) for run in ended}
        return {run: self._known[run] for run in ended if now - self._ended_at[run] >= _grace_s(self._known[run])}


def _grace_s(state: RunState) -> float:
    return COMPLETED_GRACE_S if state.status == "completed" else GRACE_S
