"""Limits of a workspace: its widgets, their pages, and its answers to visitors in a calendar month (UTC)."""

from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound, TryLater

_TOO_MANY_WIDGETS = (
    "This workspace has reached its limit of {limit} widgets. Delete a widget, or ask the administrator for more."
)
_TOO_MANY_PAGES = (
    "This workspace has reached its limit of {limit} pages. Delete a widget, have one read fewer pages, or ask the"
    " administrator for more."
)
_NO_ANSWERS_LEFT = "This widget has given all answers of its workspace for this month. Its owner can ask for more."
PAGES: LiteralString = """
SELECT coalesce(sum((statistics ->> 'stored_pages')::int), 0) FROM widgets AS owned
JOIN scrape_jobs ON scrape_jobs.id = active_job_id WHERE owned.workspace_id = workspaces.id
"""
"""SQL: the pages of a workspace's widgets, by the statistics of their active builds."""
_PAGES_LEFT = f"""
SELECT max_pages - ({PAGES} AND owned.id <> widgets.id)
FROM widgets JOIN workspaces ON workspaces.id = workspace_id WHERE widgets.id = %s
"""
# The first WHERE guards the month's first answer, the second one all later ones.
_COUNT = """
INSERT INTO workspace_answers AS counted (workspace_id, month, answers)
SELECT id, date_trunc('month', now() AT TIME ZONE 'UTC'), 1 FROM workspaces
WHERE id = %(id)s AND (max_answers IS NULL OR max_answers > 0)
ON CONFLICT (workspace_id, month) DO UPDATE SET answers = counted.answers + 1
WHERE counted.answers < coalesce((SELECT max_answers FROM workspaces WHERE id = %(id)s), counted.answers + 1)
RETURNING answers
"""


async def reserve_widget(connection: Connection, workspace_id: UUID) -> None:
    """Check that the workspace may have one more widget, and keep others from adding one in the meantime.

    Raises:
        NotFound: there is no such workspace.
        InvalidRequest: the limit of widgets or of pages is reached (409).
    """
    rows = await connection.execute(
        f"SELECT max_widgets, max_pages, ({PAGES}) FROM workspaces WHERE id = %s FOR UPDATE", (workspace_id,)
    )
    if (row := await rows.fetchone()) is None:
        raise NotFound("workspace")
    if row[1] is not None and row[2] >= row[1]:
        raise InvalidRequest("pages_limit", _TOO_MANY_PAGES.format(limit=row[1]), status=409)
    rows = await connection.execute("SELECT count(*) FROM widgets WHERE workspace_id = %s", (workspace_id,))
    (count,) = await rows.fetchone() or (0,)
    if row[0] is not None and count >= row[0]:
        raise InvalidRequest("widgets_limit", _TOO_MANY_WIDGETS.format(limit=row[0]), status=409)


async def read_pages_left(connection: Connection, widget_id: UUID) -> int | None:
    """Return how many pages a build of the widget may store by its workspace's limit, at least 1; None: no limit."""
    rows = await connection.execute(_PAGES_LEFT, (widget_id,))
    row = await rows.fetchone()
    return None if row is None or row[0] is None else max(1, row[0])


async def count_answer(pool: Pool, workspace_id: UUID) -> None:
    """Count an answer to a visitor.

    Raises:
        TryLater: the workspace has no answers left this month.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(_COUNT, {"id": workspace_id})
        if await rows.fetchone() is None:
            raise TryLater("answers_limit", _NO_ANSWERS_LEFT, retry_after=_seconds_left(datetime.now(UTC)))


def _seconds_left(now: datetime) -> int:
    """Return the seconds until the next month begins."""
    year, month = (now.year, now.month + 1) if now.month < 12 else (now.year + 1, 1)
    return int((datetime(year, month, 1, tzinfo=UTC) - now).total_seconds()) + 1
