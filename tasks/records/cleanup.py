"""Housekeeping: builds beyond the kept ones, widgets that never answered, old embeddings.

Everything goes in small transactions, a widget at a time, so that builds and searches are not held up.
"""

from datetime import timedelta
from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.models import Frozen
from tasks.records.host_claims import forget_hosts

ENDED_EARLY = timedelta(days=7)
"""Age at which a build that failed or was cancelled can no longer be resumed."""
NEVER_ANSWERED = timedelta(days=30)
"""Age at which a widget goes that has no knowledge."""
CACHED = timedelta(days=90)
"""Age at which the vector of a text leaves the cache; pages that have not changed do not need it."""
BATCH = 500
"""Rows deleted in one transaction."""


class Freed(Frozen):
    """Counts of what was deleted."""

    widgets: int = 0
    builds: int = 0
    urls: int = 0
    """Entries of crawl records that no build needs."""
    pages: int = 0
    """Stored pages that no build has any more."""
    cached_vectors: int = 0

    def __add__(self, other: "Freed") -> "Freed":
        """Return the sums."""
        return Freed(**{name: getattr(self, name) + getattr(other, name) for name in Freed.model_fields})


_UNNEEDED_BUILDS = """
SELECT id FROM (
    SELECT job.id, status, finished_at, active_job_id,
        row_number() OVER (PARTITION BY status ORDER BY job.created_at DESC) AS age
    FROM scrape_jobs AS job JOIN widgets ON widgets.id = widget_id
    WHERE widget_id = %(widget)s AND status NOT IN ('pending', 'running')
) AS builds
WHERE id IS DISTINCT FROM active_job_id
    AND CASE status WHEN 'completed' THEN age > %(keep)s ELSE finished_at < now() - %(ended_early)s END
"""
_UNNEEDED_PAGES = """
DELETE FROM stored_pages WHERE widget_id = %(widget)s AND id NOT IN (
    SELECT coalesce(content_id, withheld_id) FROM scrape_jobs JOIN crawl_urls ON job_id = scrape_jobs.id
    WHERE widget_id = %(widget)s AND coalesce(content_id, withheld_id) IS NOT NULL
    UNION ALL SELECT content_id FROM sources WHERE widget_id = %(widget)s AND content_id IS NOT NULL
)
"""


async def keep_house(pool: Pool, keep_jobs: int) -> Freed:
    """Delete what nobody needs; return what was freed.

    Of each widget the newest `keep_jobs` complete builds stay, and the one that it answers from.
    """
    freed = Freed(widgets=await _delete_silent_widgets(pool), cached_vectors=await _delete_old_vectors(pool))
    async with pool.connection() as connection:
        await forget_hosts(connection)
        widgets = [row[0] for row in await (await connection.execute("SELECT id FROM widgets")).fetchall()]
    for widget_id in widgets:
        freed += await tidy_widget(pool, widget_id, keep_jobs)
    return freed


async def tidy_widget(pool: Pool, widget_id: UUID, keep_jobs: int) -> Freed:
    """Delete the widget's builds beyond the kept ones; nothing while it is being built."""
    async with pool.connection() as connection, connection.transaction():
        if not await _lock_idle(connection, widget_id):
            return Freed()
        return await _tidy(connection, widget_id, keep_jobs)


async def _lock_idle(connection: Connection, widget_id: UUID) -> bool:
    """Lock the widget, so that no build of it begins; return whether none runs."""
    rows = await connection.execute(
        "SELECT NOT EXISTS (SELECT FROM scrape_jobs WHERE widget_id = widgets.id AND status IN ('pending', 'running'))"
        " FROM widgets WHERE id = %s FOR UPDATE",
        (widget_id,),
    )
    row = await rows.fetchone()
    return row is not None and bool(row[0])


async def _tidy(connection: Connection, widget_id: UUID, keep_jobs: int) -> Freed:
    asked = {"widget": widget_id, "keep": keep_jobs, "ended_early": ENDED_EARLY}
    rows = await connection.execute(_UNNEEDED_BUILDS, asked)
    builds = [row[0] for row in await rows.fetchall()]
    await connection.execute("DELETE FROM scrape_jobs WHERE id = ANY(%s)", (builds,))
    pages = await connection.execute(_UNNEEDED_PAGES, asked)
    urls = await connection.execute(
        "DELETE FROM crawl_urls USING scrape_jobs WHERE scrape_jobs.id = job_id AND widget_id = %s"
        " AND scrape_jobs.status = 'completed' AND crawl_urls.status = 'found'",
        (widget_id,),
    )
    return Freed(builds=len(builds), urls=urls.rowcount, pages=pages.rowcount)


async def _delete_silent_widgets(pool: Pool) -> int:
    async with pool.connection() as connection:
        deleted = await connection.execute(
            "DELETE FROM widgets WHERE active_job_id IS NULL AND created_at < now() - %s AND NOT EXISTS"
            " (SELECT FROM scrape_jobs WHERE widget_id = widgets.id AND (status IN ('pending', 'running')"
            "  OR created_at > now() - %s))",
            (NEVER_ANSWERED, NEVER_ANSWERED),
        )
        return deleted.rowcount


async def _delete_old_vectors(pool: Pool) -> int:
    total = 0
    while True:
        async with pool.connection() as connection:
            deleted = await connection.execute(
                "DELETE FROM embedding_cache WHERE ctid IN"
                " (SELECT ctid FROM embedding_cache WHERE created_at < now() - %s LIMIT %s)",
                (CACHED, BATCH),
            )
        total += deleted.rowcount
        if deleted.rowcount < BATCH:
            return total
