"""Builds: their record, their start and their heartbeat."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, NotFound
from tasks.core.models import BuildRequest, Job
from tasks.records.build_events import TERMINAL_STATUS
from tasks.records.recorded_request import REQUEST_COLUMNS, RecordedRequest, request_of
from tasks.records.workspace_limits import read_pages_left


class BuildRecord(RecordedRequest):
    """A build's row in `scrape_jobs`."""

    id: UUID
    widget_id: UUID
    flow_run_id: UUID | None
    status: str
    """`pending`, `running`, `completed`, `failed` or `cancelled`."""
    statistics: dict[str, Any]
    last_seq: int
    error: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    """Time of the flow's last heartbeat."""
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether the build has its terminal event."""
        return self.status in TERMINAL_STATUS.values()


class OpenBuild(RecordedRequest):
    """An unfinished build, for the sweeper."""

    id: UUID
    flow_run_id: UUID | None
    attempt: int = 0
    last_seq: int = 0
    has_begun: bool = False
    """Whether its flow has started in this attempt."""
    silent_s: float
    """Seconds since the last heartbeat or, before the first one, since the build was recorded."""


async def read_build(pool: Pool, build_id: UUID) -> BuildRecord:
    """Return the build's record.

    Raises:
        NotFound: there is no such build.
    """
    columns = ", ".join(BuildRecord.model_fields)
    async with (
        pool.connection() as connection,
        connection.cursor(row_factory=class_row(BuildRecord)) as cursor,
    ):
        await cursor.execute(f"SELECT {columns} FROM scrape_jobs WHERE id = %s", (build_id,))
        record = await cursor.fetchone()
    if record is None:
        raise NotFound("build")
    return record


async def build_exists(pool: Pool, build_id: UUID) -> bool:
    """Whether the build exists; it is deleted with its widget."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT 1 FROM scrape_jobs WHERE id = %s", (build_id,))
        return await rows.fetchone() is not None


async def read_open_builds(pool: Pool) -> list[OpenBuild]:
    """Return the builds without a terminal event, oldest first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(OpenBuild)) as cursor:
        await cursor.execute(
            f"SELECT id, flow_run_id, {REQUEST_COLUMNS}, attempt, last_seq, status = 'running' AS has_begun,"
            " extract(epoch FROM"
            " now() - coalesce(heartbeat_at, created_at))::float AS silent_s"
            " FROM scrape_jobs WHERE status IN ('pending', 'running') ORDER BY created_at"
        )
        return await cursor.fetchall()


async def find_run_build(pool: Pool, flow_run_id: UUID) -> UUID | None:
    """Return the newest build of a flow run; a run has several if it was retried after its build was complete."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT id FROM scrape_jobs WHERE flow_run_id = %s ORDER BY created_at DESC LIMIT 1", (flow_run_id,)
        )
        row = await rows.fetchone()
    return None if row is None else UUID(str(row[0]))


async def was_read_since(pool: Pool, widget_id: UUID, time: datetime) -> bool:
    """Whether a complete build of the widget has started since then."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT 1 FROM scrape_jobs WHERE widget_id = %s AND status = 'completed' AND started_at > %s LIMIT 1",
            (widget_id, time),
        )
        return await rows.fetchone() is not None


async def link_flow_run(pool: Pool, build_id: UUID, flow_run_id: UUID, *, attempt: int) -> None:
    """Record the Prefect flow run that was started for an attempt of the build.

    Later attempts keep theirs: a run that has begun has recorded itself, and a resumed build waits for another.
    """
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET flow_run_id = %s WHERE id = %s AND attempt = %s", (flow_run_id, build_id, attempt)
        )


async def start_build(pool: Pool, build_id: UUID, flow_run_id: UUID | None) -> Job:
    """Begin an attempt of the build in its flow run: mark it as running and return it for the flow.

    Raises:
        NotFound: there is no such build.
        BuildEnded: the build has ended, for example by being cancelled before its start, or another run has it.
    """
    # A first build that is started again may already be the active one: it replaces nothing.
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE scrape_jobs SET status = 'running', started_at = coalesce(started_at, now()),"
            " attempt = attempt + 1, flow_run_id = coalesce(%(run)s, flow_run_id)"
            " WHERE id = %(id)s AND status IN ('pending', 'running')"
            " AND coalesce(flow_run_id = %(run)s, true)"
            f" RETURNING widget_id, leases, allow_fewer_pages, attempt, {REQUEST_COLUMNS},"
            " (SELECT active_job_id FROM widgets WHERE widgets.id = widget_id AND active_job_id <> scrape_jobs.id)",
            {"run": flow_run_id, "id": build_id},
        )
        row = await rows.fetchone()
        pages_left = None if row is None else await read_pages_left(connection, row[0])
    if row is None:
        record = await read_build(pool, build_id)
        if not record.is_over:
            raise BuildEnded("Another flow run has taken over the build.")
        raise BuildEnded(f"The build is already {record.status}. Start a new one.")
    return Job(
        build_id=build_id,
        widget_id=row[0],
        request=_within(request_of(row[4:8]), pages_left),
        leases=tuple(row[1]),
        allow_fewer_pages=row[2],
        attempt=row[3],
        replaces=row[8],
    )


def _within(request: BuildRequest, pages_left: int | None) -> BuildRequest:
    """Return the request for no more pages than are left in the workspace."""
    if pages_left is None or pages_left >= request.max_pages:
        return request
    return request.model_copy(update={"max_pages": pages_left})


async def record_heartbeat(
    pool: Pool, build_id: UUID, leases: Collection[UUID] = (), *, attempt: int | None = None
) -> bool:
    """Record the flow's heartbeat with the concurrency leases it holds; return whether its attempt still runs."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE scrape_jobs SET heartbeat_at = now(), leases = %s"
            " WHERE id = %s AND status = 'running' AND attempt = coalesce(%s, attempt) RETURNING id",
            (list(leases), build_id, attempt),
        )
        return await rows.fetchone() is not None
