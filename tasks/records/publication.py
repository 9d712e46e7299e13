"""What a widget shows and answers from: a first build's as it comes, a later one's all at once when it is complete."""

from uuid import UUID

from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import SiteShrank
from tasks.core.models import Frozen, Job, Theme
from tasks.records.pictures import PictureKind, write_picture
from tasks.records.sanitizing import sanitize_json, sanitize_text

KEPT_SHARE = 0.7
"""Of the pages that a widget has: a site that gives fewer is rather ill, or closed to us, than smaller.

Algolia's crawler asks before it publishes a loss of a tenth; here nobody is asked, and the old knowledge stays.
"""
LEAST_LOST = 2
"""Pages; a small site may well lose one."""


class WidgetLooks(Frozen):
    """How the site looks, where it is, and a picture of it."""

    theme: Theme
    site_url: str
    """After redirects."""
    screenshot: bytes | None = None
    """JPEG; None: none was taken, and the one before stays."""


async def save_looks(pool: Pool, widget_id: UUID, looks: WidgetLooks) -> None:
    """Give the widget its looks now."""
    async with pool.connection() as connection, connection.transaction():
        await _write_looks(connection, widget_id, looks)


async def _write_looks(connection: Connection, widget_id: UUID, looks: WidgetLooks) -> None:
    theme = looks.theme
    await connection.execute(
        "UPDATE widgets SET theme = %s, name = %s, site_url = %s, updated_at = now() WHERE id = %s",
        (Jsonb(sanitize_json(theme.model_dump(mode="json"))), sanitize_text(theme.name), looks.site_url, widget_id),
    )
    await write_picture(connection, widget_id, PictureKind.logo, theme.logo_tile)
    if looks.screenshot is not None:
        await write_picture(connection, widget_id, PictureKind.screenshot, looks.screenshot)


async def check_page_count(pool: Pool, job: Job) -> None:
    """Return if the build has about as many pages as the knowledge it would replace, or was asked not to mind.

    Raises:
        SiteShrank: it has far fewer.
    """
    if job.allow_fewer_pages or job.replaces is None:
        return
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT (SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = old.id),"
            " (SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s), old.depth"
            " FROM scrape_jobs AS old WHERE old.id = %s",
            (job.build_id, job.replaces),
        )
        row = await rows.fetchone()
    if row is None or row[2] > job.request.depth:
        return
    known, found = min(row[0], job.request.max_pages), row[1]
    if found < KEPT_SHARE * known and known - found >= LEAST_LOST:
        raise SiteShrank(found, known)


async def activate_build(pool: Pool, job: Job, *, replace: bool, looks: WidgetLooks | None = None) -> bool:
    """Let the widget answer from this build, with these looks; whether it does so now.

    With `replace` false only a widget that has no knowledge yet moves: a first build answers from its
    first pages, a re-crawl only when it is complete. A build that has ended meanwhile moves nothing.
    Its words are counted for search in any case, as many as it has by now.
    """
    async with pool.connection() as connection:
        await connection.execute("SELECT knowledge_count_words(%s)", (job.build_id,))
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute(
            "UPDATE widgets SET active_job_id = %s, updated_at = now()"
            " WHERE id = %s AND (%s OR active_job_id IS NULL) AND EXISTS (SELECT FROM scrape_jobs"
            " WHERE id = %s AND status IN ('pending', 'running') FOR SHARE) RETURNING id",
            (job.build_id, job.widget_id, replace, job.build_id),
        )
        has_moved = await rows.fetchone() is not None
        if has_moved and looks is not None:
            await _write_looks(connection, job.widget_id, looks)
    return has_moved
