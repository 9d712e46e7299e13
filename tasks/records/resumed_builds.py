"""Resumption of builds that ended early: a failed or cancelled build is opened again and goes on where it stopped.

The old terminal event gives way to `builder_resumed` under the same number. So a client that reads from the start sees
one terminal event, at the end, and a client that has the old one goes on after it with `Last-Event-ID`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.events import BuildEvent, EventDraft, EventType, number_event
from tasks.core.models import BuildRequest, Frozen
from tasks.records.build_quotas import Caller, enforce_quotas, lock_new_builds, site_key
from tasks.records.recorded_request import REQUEST_COLUMNS, request_of


class ResumedBuild(Frozen):
    """A build that was opened again."""

    build_id: UUID
    request: BuildRequest
    attempt: int
    """The attempt that its next flow run is started for."""


_READ = (
    "SELECT status, last_seq, finished_at, flow_run_id,"
    " EXISTS (SELECT FROM scrape_jobs AS other WHERE other.widget_id = job.widget_id"
    "  AND other.status IN ('pending', 'running')),"
    " EXISTS (SELECT FROM widgets JOIN scrape_jobs AS active ON active.id = active_job_id"
    "  WHERE widgets.id = job.widget_id AND active.created_at > job.created_at),"
    f" {REQUEST_COLUMNS} FROM scrape_jobs AS job WHERE id = %s FOR UPDATE OF job"
)
# A new attempt: whatever is left of the former ones may not write any more.
_OPEN = (
    "UPDATE scrape_jobs SET status = 'pending', error = NULL, finished_at = NULL, heartbeat_at = now(),"
    " attempt = attempt + 1, flow_run_id = %s WHERE id = %s RETURNING attempt"
)
_SUPERSEDE = "UPDATE build_events SET at = %s, type = %s, object = %s WHERE build_id = %s AND seq = %s"


async def resume_build(pool: Pool, build_id: UUID, caller: Caller | None = None) -> ResumedBuild:
    """Open a build that ended early again, for a new flow run.

    Raises:
        NotFound: there is no such build.
        InvalidRequest: it is running or completed, or another build of its widget is running or newer (409).
        TryLater: one of the caller's quotas is reached.
    """
    async with pool.connection() as connection, connection.transaction():
        await lock_new_builds(connection)
        row = await _read_resumable(connection, build_id)
        if caller is not None:
            await enforce_quotas(connection, caller, site_key(request_of(row[6:]).url))
        attempt = await _open(connection, build_id, row[1], None)
    return ResumedBuild(build_id=build_id, request=request_of(row[6:]), attempt=attempt)


async def resume_in_run(pool: Pool, build_id: UUID, flow_run_id: UUID, retried_at: datetime | None) -> bool:
    """Open a build again for its own flow run, which was retried in Prefect, or for a new run that repeats it.

    A retry of its own run from before the build's end does not count: somebody cancelled the build after it. A build
    without a run was cancelled before its start.

    Returns:
        Whether it was opened.
    """
    async with pool.connection() as connection, connection.transaction():
        await lock_new_builds(connection)
        try:
            row = await _read_resumable(connection, build_id)
        except InvalidRequest:
            return False
        finished_at, own_run = row[2], row[3]
        was_retried = retried_at is not None and finished_at is not None and retried_at > finished_at
        if own_run is None or (own_run == flow_run_id and not was_retried):
            return False
        await _open(connection, build_id, row[1], flow_run_id)
    return True


async def _read_resumable(connection: Connection, build_id: UUID) -> tuple[Any, ...]:
    row = await (await connection.execute(_READ, (build_id,))).fetchone()
    if row is None:
        raise NotFound("build")
    status, is_busy, is_outdated = row[0], row[4], row[5]
    if status in ("pending", "running"):
        raise _conflict("build_running", "The build is already running. Follow its events.")
    if status == "completed":
        raise _conflict("build_ended", "The build is already completed. Start a new one.")
    if is_busy:
        raise _conflict("widget_busy", "Another build of this widget is running. Wait for its end.")
    if is_outdated:
        raise _conflict("build_outdated", "The widget answers from a newer build. Start a new one.")
    return tuple(row)


def _conflict(code: str, message: str) -> InvalidRequest:
    return InvalidRequest(code, message, status=409)


async def _open(connection: Connection, build_id: UUID, last_seq: int, flow_run_id: UUID | None) -> int:
    rows = await connection.execute(
        "SELECT object FROM build_events WHERE build_id = %s AND seq = %s", (build_id, last_seq)
    )
    row = await rows.fetchone()
    assert row is not None
    ended = BuildEvent.model_validate(row[0])
    draft = EventDraft(
        type=EventType.builder_resumed,
        message="Resuming the build where it stopped",
        detail=ended.detail,
        data={"after": ended.type},
    )
    event = number_event(draft, build_id, last_seq)
    await connection.execute(_SUPERSEDE, (event.at, event.type, event.to_json(), build_id, last_seq))
    opened = await (await connection.execute(_OPEN, (flow_run_id, build_id))).fetchone()
    assert opened is not None
    return int(opened[0])
