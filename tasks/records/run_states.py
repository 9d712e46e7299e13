"""Builds by their flow run: for the worker, which ends the processes of runs whose builds have ended, and for reports.

A run that was retried in Prefect after its build was complete has several builds: the newest counts.
"""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.models import Frozen

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

    On a connection of its own: the worker has no pool, and looks every few seconds.

    Raises:
        psycopg.Error: the database does not answer.
    """
    connecting = psycopg.AsyncConnection.connect(
        database_url, connect_timeout=CONNECT_TIMEOUT_S, options=f"-c statement_timeout={QUERY_TIMEOUT_MS}"
    )
    async with await connecting as connection:
        rows = await connection.execute(
            "SELECT flow_run_id, status, leases FROM scrape_jobs WHERE flow_run_id = ANY(%s) ORDER BY created_at",
            (list(run_ids),),
        )
        return {run_id: RunState(status, tuple(leases)) for run_id, status, leases in await rows.fetchall()}


class RunOutcome(Frozen):
    """The newest build of a run, as a report shows it."""

    flow_run_id: UUID
    status: str
    error: str | None
    pages: int
    """Stored pages."""
    seconds: float
    """From its start to its end, or until now."""
    ended_s: float | None
    """Seconds since its end."""

    @property
    def is_over(self) -> bool:
        """Whether the build has its terminal event."""
        return self.status not in ("pending", "running")


async def read_run_outcomes(pool: Pool, run_ids: Collection[UUID]) -> dict[UUID, RunOutcome]:
    """Return the outcomes of the runs' builds; a run without a build is missing."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(RunOutcome)) as cursor:
        await cursor.execute(
            "SELECT flow_run_id, status, error, coalesce((statistics ->> 'stored_pages')::int, 0) AS pages,"
            " extract(epoch FROM coalesce(finished_at, now()) - coalesce(started_at, created_at))::float AS seconds,"
            " extract(epoch FROM now() - finished_at)::float AS ended_s"
            " FROM scrape_jobs WHERE flow_run_id = ANY(%s) ORDER BY created_at",
            (list(run_ids),),
        )
        return {outcome.flow_run_id: outcome for outcome in await cursor.fetchall()}
