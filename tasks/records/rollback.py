"""Rollback: a widget answers from the build before its present one again."""

from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.records.widget_vocabulary import count_words
from tasks.records.withheld_pages import apply_rules_in

_BEFORE = """
SELECT older.id FROM scrape_jobs AS older JOIN scrape_jobs AS active ON active.id = %s
WHERE older.widget_id = active.widget_id AND older.status = 'completed' AND older.created_at < active.created_at
    AND EXISTS (SELECT FROM crawl_urls WHERE job_id = older.id AND coalesce(content_id, withheld_id) IS NOT NULL)
ORDER BY older.created_at DESC LIMIT 1
"""


async def roll_back(pool: Pool, widget_id: UUID) -> UUID:
    """Let the widget answer from the build before; return that build's id.

    Raises:
        NotFound: there is no such widget.
        InvalidRequest: there is no earlier build with knowledge (409).
    """
    async with pool.connection() as connection, connection.transaction():
        # Housekeeping waits for this lock, or has been here before.
        rows = await connection.execute("SELECT active_job_id FROM widgets WHERE id = %s FOR UPDATE", (widget_id,))
        if (widget := await rows.fetchone()) is None:
            raise NotFound("widget")
        found = await (await connection.execute(_BEFORE, (widget[0],))).fetchone()
        if found is None:
            message = "The widget has no earlier build to return to. Start a new build instead."
            raise InvalidRequest("no_earlier_build", message, status=409)
        await connection.execute(
            "UPDATE widgets SET active_job_id = %s, updated_at = now() WHERE id = %s", (found[0], widget_id)
        )
        await count_words(connection, widget_id, found[0])
        await apply_rules_in(connection, widget_id)
    return UUID(str(found[0]))
