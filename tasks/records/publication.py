"""Publication: the switch of a widget to a build's knowledge and looks.

A first build is published early, with its first pages; a later one all at once, when it is complete.
"""

from collections.abc import Callable
from uuid import UUID

from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import SiteShrank
from tasks.core.models import Frozen, Job
from tasks.core.theme_model import Theme
from tasks.records.pictures import PictureKind, write_found_logos, write_picture
from tasks.records.sanitizing import sanitize_json, sanitize_text
from tasks.records.widget_vocabulary import count_words
from tasks.records.withheld_pages import apply_rules_in

KEPT_SHARE = 0.7
"""Least share of the widget's pages a new build must have: a site that gives fewer is probably broken or blocks us.

Algolia's crawler asks a person before it publishes a loss of 10%. Here nobody is asked, and the old knowledge stays.
"""
LEAST_LOST = 2
"""Least loss, in pages, that counts: a small site may well lose one."""


class WidgetLooks(Frozen):
    """A site's look for its widget: theme, address and screenshot."""

    theme: Theme
    site_url: str
    """URL of the start page after redirects."""
    screenshot: bytes | None = None
    """JPEG; None keeps the previous one."""


async def save_looks(pool: Pool, widget_id: UUID, looks: WidgetLooks) -> None:
    """Store the widget's theme, name, address and pictures at once, without waiting for publication."""
    async with pool.connection() as connection, connection.transaction():
        await _write_looks(connection, widget_id, looks)


async def _write_looks(connection: Connection, widget_id: UUID, looks: WidgetLooks) -> None:
    theme = looks.theme
    await connection.execute(
        "UPDATE widgets SET theme = %s, name = %s, site_url = %s, updated_at = now() WHERE id = %s",
        (Jsonb(sanitize_json(theme.model_dump(mode="json"))), sanitize_text(theme.name), looks.site_url, widget_id),
    )
    await write_picture(connection, widget_id, PictureKind.logo, theme.logo_tile)
    await write_found_logos(connection, widget_id, theme.found_logos)
    if looks.screenshot is not None:
        await write_picture(connection, widget_id, PictureKind.screenshot, looks.screenshot)


async def check_page_count(pool: Pool, job: Job, is_wanted: Callable[[str], bool]) -> None:
    """Raise SiteShrank if the build has far fewer pages than the one it replaces, unless `allow_fewer_pages` is set.

    A build of less depth than the one it replaces is not compared. Pages that the site did not give and that stay for
    this build do not count, and neither do known ones that the widget's rules leave out by now.
    """
    if job.allow_fewer_pages or job.replaces is None:
        return
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT (SELECT count(content_id) FROM crawl_urls WHERE job_id = old.id),"
            " (SELECT count(content_id) FROM crawl_urls WHERE job_id = %s AND reason IS NULL), old.depth"
            " FROM scrape_jobs AS old WHERE old.id = %s",
            (job.build_id, job.replaces),
        )
        row = await rows.fetchone()
    # With less depth or a lower limit of pages, fewer pages are what was asked for.
    if row is None or row[2] > job.request.depth:
        return
    known, found = min(row[0], job.request.max_pages), row[1]
    if _has_shrunk(found, known):
        known = min(await _count_wanted(pool, job.replaces, is_wanted), job.request.max_pages)
        if _has_shrunk(found, known):
            raise SiteShrank(found, known)


def _has_shrunk(found: int, known: int) -> bool:
    return found < KEPT_SHARE * known and known - found >= LEAST_LOST


async def _count_wanted(pool: Pool, build_id: UUID, is_wanted: Callable[[str], bool]) -> int:
    """Return the number of a build's stored pages that are wanted, without loading all their addresses at once."""
    query = "SELECT url FROM crawl_urls WHERE job_id = %s AND content_id IS NOT NULL"
    async with pool.connection() as connection, connection.transaction(), connection.cursor("known_pages") as cursor:
        await cursor.execute(query, (build_id,))
        return sum([is_wanted(url) async for (url,) in cursor])


async def activate_build(pool: Pool, job: Job, *, replace: bool, looks: WidgetLooks | None = None) -> bool:
    """Switch the widget to this build's knowledge and looks; return whether it was switched.

    With `replace` false only a widget without knowledge is switched: a first build answers from its first pages, a
    re-crawl only when it is complete. A build that has ended meanwhile switches nothing. The words stored so far are
    counted for search.
    """
    if not replace and job.replaces is not None:
        return False
    # In a transaction of its own, so that the widget's row is not locked while words are counted.
    async with pool.connection() as connection:
        await count_words(connection, job.widget_id, job.build_id)
    async with pool.connection() as connection, connection.transaction():
        # FOR SHARE waits for a transaction that is ending the build: an ended build is never published.
        rows = await connection.execute(
            "UPDATE widgets SET active_job_id = %s, updated_at = now()"
            " WHERE id = %s AND (%s OR active_job_id IS NULL) AND EXISTS (SELECT FROM scrape_jobs"
            " WHERE id = %s AND status IN ('pending', 'running') AND attempt = %s FOR SHARE) RETURNING id",
            (job.build_id, job.widget_id, replace, job.build_id, job.attempt),
        )
        is_switched = await rows.fetchone() is not None
        if is_switched:
            # They may have changed while it read the site.
            await apply_rules_in(connection, job.widget_id)
        if is_switched and looks is not None:
            await _write_looks(connection, job.widget_id, looks)
    return is_switched
