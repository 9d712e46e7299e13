"""Past builds: the builds of a widget as its owner sees them, the latest first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen

_BUILDS = (
    "SELECT job.id AS build_id, job.status, error, url, depth, max_pages, statistics, job.created_at, started_at,"
    " finished_at, job.id = active_job_id AS is_answering"
    " FROM scrape_jobs AS job JOIN widgets ON widgets.id = widget_id WHERE widget_id = %(widget)s"
)


class PastBuild(Frozen):
    """A build of a widget."""

    build_id: UUID
    status: str
    """`pending`, `running`, `completed`, `failed` or `cancelled`."""
    error: str | None
    url: str
    depth: int
    max_pages: int
    statistics: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    is_answering: bool | None
    """Whether the widget answers from it; None while it has no knowledge."""


async def list_past_builds(pool: Pool, widget_id: UUID, *, limit: int, offset: int) -> tuple[list[PastBuild], int]:
    """Return some of the widget's builds, the latest first, and their total number."""
    values = {"widget": widget_id, "limit": limit, "offset": offset}
    async with pool.connection() as connection:
        async with connection.cursor(row_factory=class_row(PastBuild)) as cursor:
            await cursor.execute(
                _BUILDS + " ORDER BY job.created_at DESC, job.id LIMIT %(limit)s OFFSET %(offset)s", values
            )
            builds = await cursor.fetchall()
        rows = await connection.execute("SELECT count(*) FROM scrape_jobs WHERE widget_id = %(widget)s", values)
        row = await rows.fetchone()
    return builds, 0 if row is None else int(row[0])


async def read_past_build(pool: Pool, widget_id: UUID, build_id: UUID) -> PastBuild:
    """Return a build of the widget.

    Raises:
        NotFound: the widget has no such build.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(PastBuild)) as cursor:
        await cursor.execute(_BUILDS + " AND job.id = %(build)s", {"widget": widget_id, "build": build_id})
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("build")
    return found
