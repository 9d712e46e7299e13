"""Widgets, builds and the record of their events.

`build_events` is the truth of a build's progress: gapless sequence numbers, exactly one terminal event.
Numbering and the build's status change in one transaction, so whoever comes second (a cancelled flow,
a sweeper, a zombie) is refused.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import BuildEnded, NotFound
from tasks.core.events import BuildEvent, EventDraft, EventType, number_event
from tasks.core.models import BuildRequest, Frozen, Job, Statistics
from tasks.records.storable import storable_json

TERMINAL_STATUS = {
    EventType.builder_completed: "completed",
    EventType.builder_failed: "failed",
    EventType.builder_cancelled: "cancelled",
}


class BuildRecord(Frozen):
    """A build as it stands."""

    id: UUID
    widget_id: UUID
    flow_run_id: UUID | None
    url: str
    depth: int
    max_pages: int
    status: str
    """pending, running, completed, failed or cancelled."""
    statistics: dict[str, Any]
    last_seq: int
    error: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    """When its flow last showed that it is alive."""
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether the terminal event is written."""
        return self.status in TERMINAL_STATUS.values()


class OpenBuild(Frozen):
    """A build that has not ended, as the sweeper looks at it."""

    id: UUID
    flow_run_id: UUID | None
    url: str
    depth: int
    max_pages: int
    silent_s: float
    """Seconds since its flow last showed that it is alive, or since it was recorded."""


class WidgetRecord(Frozen):
    """A widget as it stands."""

    id: UUID
    site_url: str
    name: str
    theme: dict[str, Any] | None
    settings: dict[str, Any]
    """What its owner has chosen (`tasks.core.adjustments`)."""
    active_job_id: UUID | None
    created_at: datetime


def hash_token(token: str) -> str:
    """What is stored of an owner's token: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


async def read_build(pool: Pool, build_id: UUID) -> BuildRecord:
    """The build as it stands.

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


async def read_open_builds(pool: Pool) -> list[OpenBuild]:
    """Builds without a terminal event, oldest first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(OpenBuild)) as cursor:
        await cursor.execute(
            "SELECT id, flow_run_id, url, depth, max_pages, extract(epoch FROM"
            " now() - coalesce(heartbeat_at, created_at))::float AS silent_s"
            " FROM scrape_jobs WHERE status IN ('pending', 'running') ORDER BY created_at"
        )
        return await cursor.fetchall()


async def link_flow_run(pool: Pool, build_id: UUID, flow_run_id: UUID) -> None:
    """Remember which Prefect flow run carries the build."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE scrape_jobs SET flow_run_id = %s WHERE id = %s", (flow_run_id, build_id))


async def start_build(pool: Pool, build_id: UUID, flow_run_id: UUID | None) -> Job:
    """The build to carry out, marked as running.

    Raises:
        NotFound: there is no such build.
        BuildEnded: it has ended already, e.g. it was cancelled before it began.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE scrape_jobs SET status = 'running', started_at = coalesce(started_at, now()),"
            " flow_run_id = coalesce(%s, flow_run_id)"
            " WHERE id = %s AND status IN ('pending', 'running')"
            " RETURNING widget_id, url, depth, max_pages, leases, allow_fewer_pages,"
            " (SELECT active_job_id FROM widgets WHERE widgets.id = widget_id AND active_job_id <> scrape_jobs.id)",
            (flow_run_id, build_id),
        )
        row = await rows.fetchone()
    if row is None:
        record = await read_build(pool, build_id)
        raise BuildEnded(f"The build is {record.status} already.")
    request = BuildRequest(url=row[1], depth=row[2], max_pages=row[3])
    return Job(
        build_id=build_id,
        widget_id=row[0],
        request=request,
        leases=tuple(row[4]),
        allow_fewer_pages=row[5],
        replaces=row[6],
    )


async def beat(pool: Pool, build_id: UUID, leases: Collection[UUID] = ()) -> bool:
    """Show that the build's flow is alive and what it holds; whether the build is still to be carried out."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE scrape_jobs SET heartbeat_at = now(), leases = %s"
            " WHERE id = %s AND status = 'running' RETURNING id",
            (list(leases), build_id),
        )
        return await rows.fetchone() is not None


async def append_event(
    pool: Pool, build_id: UUID, draft: EventDraft, statistics: Statistics | None = None
) -> BuildEvent:
    """The event with its number, as stored; a terminal one also ends the build.

    Raises:
        BuildEnded: the build has its terminal event already; nothing was written.
    """
    # What it says may come from the site or from a service.
    clean = EventDraft.model_validate(storable_json(draft.model_dump(exclude={"stage"})))
    async with pool.connection() as connection, connection.transaction():
        return await write_event(connection, build_id, clean, statistics)


async def write_event(
    connection: Connection, build_id: UUID, draft: EventDraft, statistics: Statistics | None = None
) -> BuildEvent:
    """`append_event` in the connection's transaction, of what can be stored as it is."""
    rows = await connection.execute(
        "UPDATE scrape_jobs SET last_seq = last_seq + 1,"
        " statistics = coalesce(%(statistics)s, statistics), status = coalesce(%(status)s, status),"
        " error = coalesce(%(error)s, error),"
        " finished_at = CASE WHEN %(status)s::text IS NULL THEN finished_at ELSE now() END"
        " WHERE id = %(id)s AND status IN ('pending', 'running') RETURNING last_seq",
        {
            "id": build_id,
            "statistics": Jsonb(statistics.model_dump()) if statistics else None,
            "status": TERMINAL_STATUS.get(draft.type),
            "error": draft.detail if draft.type is EventType.builder_failed else None,
        },
    )
    row = await rows.fetchone()
    if row is None:
        raise BuildEnded("The build has ended.")
    event = number_event(draft, build_id, row[0])
    await connection.execute(
        "INSERT INTO build_events (build_id, seq, at, type, object) VALUES (%s, %s, %s, %s, %s)",
        (build_id, event.seq, event.at, event.type, event.to_json()),
    )
    return event


async def read_events(pool: Pool, build_id: UUID, after: int = 0, limit: int = 1_000) -> list[BuildEvent]:
    """The build's events numbered above `after`, in order."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT object FROM build_events WHERE build_id = %s AND seq > %s ORDER BY seq LIMIT %s",
            (build_id, after, limit),
        )
        return [BuildEvent.model_validate(row[0]) for row in await rows.fetchall()]


async def read_widget(pool: Pool, widget_id: UUID) -> WidgetRecord:
    """The widget as it stands.

    Raises:
        NotFound: there is no such widget.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        columns = ", ".join(WidgetRecord.model_fields)
        await cursor.execute(
            f"SELECT {columns} FROM widgets WHERE id = %s",
            (widget_id,),
        )
        row = await cursor.fetchone()
    if row is None:
        raise NotFound("widget")
    return WidgetRecord.model_validate(row)


async def read_latest_status(pool: Pool, widget_id: UUID) -> str | None:
    """The status of the widget's latest build."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT status FROM scrape_jobs WHERE widget_id = %s ORDER BY created_at DESC LIMIT 1", (widget_id,)
        )
        row = await rows.fetchone()
    return None if row is None else str(row[0])


async def read_last_request(pool: Pool, widget_id: UUID) -> BuildRequest:
    """What the widget's knowledge was built from; of a widget without any, what was asked for last.

    Raises:
        NotFound: there is no such widget, or nothing was ever asked for.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT url, depth, max_pages FROM scrape_jobs JOIN widgets ON widgets.id = widget_id"
            " WHERE widget_id = %s"
            " ORDER BY scrape_jobs.id = active_job_id DESC NULLS LAST, scrape_jobs.created_at DESC LIMIT 1",
            (widget_id,),
        )
        row = await rows.fetchone()
    if row is None:
        raise NotFound("widget")
    return BuildRequest(url=row[0], depth=row[1], max_pages=row[2])


async def list_widgets(pool: Pool) -> Sequence[tuple[UUID, BuildRequest]]:
    """Widgets that have knowledge, with the request that built it, oldest first."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT widgets.id, url, depth, max_pages FROM widgets"
            " JOIN scrape_jobs ON scrape_jobs.id = active_job_id ORDER BY widgets.created_at"
        )
        return [(row[0], BuildRequest(url=row[1], depth=row[2], max_pages=row[3])) for row in await rows.fetchall()]


async def save_settings(pool: Pool, widget_id: UUID, changes: Mapping[str, Any]) -> None:
    """Keep what the widget's owner chose; None takes a choice back."""
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE widgets SET settings = jsonb_strip_nulls(settings || %s), updated_at = now() WHERE id = %s",
            (Jsonb(storable_json(dict(changes))), widget_id),
        )


async def delete_widget(pool: Pool, widget_id: UUID) -> list[UUID]:
    """Forget the widget with its builds, knowledge and conversations; gives the flow runs of builds under way.

    Such a build ends by itself, too: it finds nothing to write to.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "WITH gone AS (DELETE FROM widgets WHERE id = %(id)s)"
            " SELECT flow_run_id FROM scrape_jobs WHERE widget_id = %(id)s AND flow_run_id IS NOT NULL"
            " AND status IN ('pending', 'running')",
            {"id": widget_id},
        )
        return [row[0] for row in await rows.fetchall()]


async def build_exists(pool: Pool, build_id: UUID) -> bool:
    """Whether there is such a build; it goes with its widget."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT 1 FROM scrape_jobs WHERE id = %s", (build_id,))
        return await rows.fetchone() is not None
