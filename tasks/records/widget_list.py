"""The list of widgets with the state of each, for owners and operators."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.models import Frozen
from tasks.records.held_builds import HOLDS


class WidgetSummary(Frozen):
    """A widget's entry in the list."""

    id: UUID
    name: str
    """The name visitors see."""
    site_url: str
    state: str
    """`ready`: it has knowledge; `building`: none yet, but a build is unfinished; `failed`: neither."""
    pages: int
    """Stored pages of the active build, by its statistics."""
    workspace_id: UUID | None
    created_at: datetime
    built_at: datetime | None
    """End of the active build."""
    build_id: UUID | None
    """The latest build."""
    build_status: str | None
    """Status of the latest build."""
    build_error: str | None
    """Cause of the latest build's failure."""
    build_held: bool
    """Whether the latest build is complete but for its publication (`tasks.records.held_builds`)."""
    questions: int
    """Visitors' questions in the last 7 days, small talk not counted."""
    unanswered: int
    """Those of them that were not answered."""


_OF = """
    (%(hash)s::text IS NULL OR owner_token_hash = %(hash)s)
    AND (%(workspace)s::uuid IS NULL OR workspace_id = %(workspace)s)
    AND (%(widget)s::uuid IS NULL OR id = %(widget)s)
"""
# Questions are counted for all listed widgets at once: one by one took seconds for a thousand. They are read from an
# index alone, without the conversations: of 54,000, that takes a sixth of the processor time.
_LIST = f"""
    WITH listed AS MATERIALIZED (
        SELECT id, name, settings, site_url, active_job_id, workspace_id, created_at FROM widgets WHERE {_OF}
        ORDER BY created_at DESC, id LIMIT %(limit)s OFFSET %(offset)s
    ), asked AS MATERIALIZED (
        SELECT counted_for, count(*) AS questions, count(*) FILTER (WHERE NOT answered) AS unanswered
        FROM chat_messages
        WHERE at > now() - interval '7 days' AND kind <> 'small_talk' AND counted_for IN (SELECT id FROM listed)
        GROUP BY counted_for
    )
    SELECT listed.id, coalesce(settings ->> 'name', name) AS name, site_url, workspace_id, listed.created_at,
        CASE WHEN active_job_id IS NOT NULL THEN 'ready'
            WHEN latest.status IN ('pending', 'running') THEN 'building' ELSE 'failed' END AS state,
        coalesce((active.statistics ->> 'stored_pages')::int, 0) AS pages, active.finished_at AS built_at,
        latest.id AS build_id, latest.status AS build_status, latest.error AS build_error,
        coalesce(latest.status = 'failed' AND last_event.code = ANY(%(holds)s), false) AS build_held,
        coalesce(questions, 0) AS questions, coalesce(unanswered, 0) AS unanswered
    FROM listed LEFT JOIN scrape_jobs active ON active.id = active_job_id
    LEFT JOIN LATERAL (
        SELECT id, status, error, last_seq FROM scrape_jobs
        WHERE widget_id = listed.id ORDER BY created_at DESC LIMIT 1
    ) latest ON true
    LEFT JOIN LATERAL (
        SELECT object -> 'data' ->> 'code' AS code FROM build_events
        WHERE build_id = latest.id AND seq = latest.last_seq
    ) last_event ON true
    LEFT JOIN asked ON asked.counted_for = listed.id
    ORDER BY listed.created_at DESC, listed.id
"""


async def list_summaries(
    pool: Pool,
    *,
    owner_hash: str | None = None,
    workspace_id: UUID | None = None,
    widget_id: UUID | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[list[WidgetSummary], int]:
    """Return a page of widgets, newest first, and their total number.

    `owner_hash`: only the widgets of the owner's token with this hash; `workspace_id`: only the workspace's;
    `widget_id`: only this one of them.
    """
    wanted = {"hash": owner_hash, "workspace": workspace_id, "widget": widget_id}
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(WidgetSummary)) as cursor:
        await cursor.execute(_LIST, wanted | {"limit": limit, "offset": offset, "holds": list(HOLDS)})
        widgets = await cursor.fetchall()
    async with pool.connection() as connection:
        rows = await connection.execute(f"SELECT count(*) FROM widgets WHERE {_OF}", wanted)
        row = await rows.fetchone()
    return widgets, 0 if row is None else int(row[0])
