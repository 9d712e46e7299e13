"""Withheld pages: stored pages that the widget's rules leave out by now; no answer, search or list has them.

Their content stays for as long as the build does: when the rules take them in again, they are back at once.
"""

from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.records.widget_vocabulary import count_words
from tasks.records.widgets import rules_of

REASON = "excluded"
"""Reason of a withheld page in the crawl record."""
_KNOWN = """
SELECT crawl.url, page.url, content_id IS NULL FROM crawl_urls AS crawl
JOIN stored_pages AS page ON page.id = coalesce(content_id, withheld_id)
WHERE job_id = %(job)s AND crawl.depth > 0 AND (%(narrows)s OR withheld_id IS NOT NULL)
"""
_WITHHOLD = f"""
UPDATE crawl_urls SET status = 'skipped', reason = '{REASON}', withheld_id = content_id, content_id = NULL
WHERE job_id = %s AND url = ANY(%s)
"""
_RETURN = """
UPDATE crawl_urls SET status = 'stored', reason = NULL, content_id = withheld_id, withheld_id = NULL
WHERE job_id = %s AND url = ANY(%s)
"""


async def apply_rules(pool: Pool, widget_id: UUID) -> int:
    """Withhold the pages that the widget's rules leave out, and return those they admit; return how many changed."""
    async with pool.connection() as connection, connection.transaction():
        return await apply_rules_in(connection, widget_id)


async def apply_rules_in(connection: Connection, widget_id: UUID) -> int:
    """Do so in the connection's transaction, which locks the widget: two changes at once are made one by one."""
    rows = await connection.execute(
        "SELECT active_job_id, rules FROM widgets WHERE id = %s FOR NO KEY UPDATE", (widget_id,)
    )
    row = await rows.fetchone()
    if row is None or row[0] is None:
        return 0
    job_id, rules = row[0], rules_of(row[1])
    known = await connection.execute(_KNOWN, {"job": job_id, "narrows": bool(rules.include or rules.exclude)})
    withheld, returned = list[str](), list[str]()
    for url, page_url, is_withheld in await known.fetchall():
        # By its own address and by the one it was reached by, as the crawl judges it.
        is_wanted = rules.admits(url) and rules.admits(page_url)
        if is_wanted is is_withheld:
            (returned if is_wanted else withheld).append(url)
    await connection.execute(_WITHHOLD, (job_id, withheld))
    await connection.execute(_RETURN, (job_id, returned))
    if changed := len(withheld) + len(returned):
        await count_words(connection, widget_id, job_id)
        # They may have been answered by a page that is withheld now.
        await connection.execute("DELETE FROM suggested_questions WHERE widget_id = %s", (widget_id,))
    return changed
