"""Held builds: complete ones whose pages or answers were so much fewer or worse that the old knowledge stayed."""

from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import AnswersWorse, InvalidRequest, NotFound, SiteShrank
from tasks.records.widget_vocabulary import count_words

HOLDS = (SiteShrank.code, AnswersWorse.code)
"""Causes for which a build that has read its whole site is not published."""
_HELD = """
SELECT held.id FROM scrape_jobs AS held JOIN build_events ON build_id = held.id AND seq = held.last_seq
LEFT JOIN scrape_jobs AS active ON active.id = %(active)s
WHERE held.widget_id = %(widget)s AND held.status = 'failed' AND object -> 'data' ->> 'code' = ANY(%(holds)s)
    AND (active.id IS NULL OR held.created_at > active.created_at)
ORDER BY held.created_at DESC LIMIT 1 FOR UPDATE OF held
"""


async def publish_held(pool: Pool, widget_id: UUID) -> UUID:
    """Let the widget answer from its latest held build, which is complete from now on; return that build's id.

    Raises:
        NotFound: there is no such widget.
        InvalidRequest: no build later than the one it answers from is held (409).
    """
    async with pool.connection() as connection, connection.transaction():
        # Housekeeping waits for this lock, or has been here before.
        rows = await connection.execute("SELECT active_job_id FROM widgets WHERE id = %s FOR UPDATE", (widget_id,))
        if (widget := await rows.fetchone()) is None:
            raise NotFound("widget")
        asked = {"widget": widget_id, "active": widget[0], "holds": list(HOLDS)}
        if (held := await (await connection.execute(_HELD, asked)).fetchone()) is None:
            message = "No build of the widget waits to be published. Start a new build instead."
            raise InvalidRequest("no_held_build", message, status=409)
        await connection.execute("UPDATE scrape_jobs SET status = 'completed' WHERE id = %s", held)
        await connection.execute(
            "UPDATE widgets SET active_job_id = %s, updated_at = now() WHERE id = %s", (held[0], widget_id)
        )
        await count_words(connection, widget_id, held[0])
    return UUID(str(held[0]))
