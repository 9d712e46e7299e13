"""Builds by their flow run, for the worker: it ends the processes of runs whose builds have ended.

A connection a look: the worker has no pool, and looks every few seconds.
"""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import psycopg

CONNECT_TIMEOUT_S = 5
QUERY_TIMEOUT_MS = 5_000


class RunState(NamedTuple):
    """The state of a run's build."""

    status: str
    leases: tuple[UUID, ...]
    """Leases of the slots that the run held at its last heartbeat."""

    @property
    def is_over(self) -> bool:
        """Whether the build has its terminal event."""
        return self.status not in ("pending", "running")


async def read_run_states(database_url: str, run_ids: Collection[UUID]) -> dict[UUID, RunState]:
    """Return the states of the runs' builds; a run without a build, or with a deleted one, is missing.

    Raises:
        psycopg.Error: the database does not answer.
    """
    connecting = psycopg.AsyncConnection.connect(
        database_url, connect_timeout=CONNECT_TIMEOUT_S, options=f"-c statement_timeout={QUERY_TIMEOUT_MS}"
    )
    async with await connecting as connection:
        rows = await connection.execute(
            "SELECT flow_run_id, status, leases FROM scrape_jobs WHERE flow_run_id = ANY(%s)", (list(run_ids),)
        )
        return {run_id: RunState(status, tuple(leases)) for run_id, status, leases in await rows.fetchall()}
