"""Builds of widgets that are there already: one at a time, of what the widget was built from before."""

from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import BuildRequest
from tasks.knowledge.builds import NewBuild, insert_build


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


async def create_rebuild(
    pool: Pool,
    widget_id: UUID,
    request: BuildRequest,
    *,
    idempotency_key: str | None = None,
    build_id: UUID | None = None,
) -> NewBuild:
    """A new build of the widget; or the one under way, which whoever asks again joins; or the one of this key.

    Raises:
        NotFound: there is no such widget.
        InvalidRequest: the key was used for something else (409).
    """
    try:
        async with pool.connection() as connection, connection.transaction():
            return await _join_or_insert(connection, widget_id, request, idempotency_key, build_id or uuid4())
    except UniqueViolation as error:
        # At the same moment, for another widget: of one widget, the second waits for the first.
        raise _conflict() from error


async def _join_or_insert(
    connection: Connection, widget_id: UUID, request: BuildRequest, key: str | None, build_id: UUID
) -> NewBuild:
    found = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR UPDATE", (widget_id,))
    if await found.fetchone() is None:
        raise NotFound("widget")
    rows = await connection.execute(
        "SELECT id, widget_id FROM scrape_jobs"
        " WHERE idempotency_key = %(key)s OR widget_id = %(widget)s AND status IN ('pending', 'running')"
        " ORDER BY idempotency_key = %(key)s DESC NULLS LAST LIMIT 1",
        {"key": key, "widget": widget_id},
    )
    if (row := await rows.fetchone()) is None:
        return await insert_build(connection, request, key, widget_id, build_id)
    if row[1] != widget_id:
        raise _conflict()
    return NewBuild(build_id=row[0], widget_id=widget_id, owner_token=None, created=False)


def _conflict() -> InvalidRequest:
    message = "This Idempotency-Key was used for a different request."
    return InvalidRequest("idempotency_conflict", message, status=409)
