"""Stored pages: what a widget answers from, page by page, for agents and for an export."""

from collections.abc import AsyncIterator
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.records.known_pages import KnownPageText

EXPORT_BATCH = 50
"""Pages read in one query of an export."""


class PageEntry(Frozen):
    """A stored page in a list."""

    url: str
    title: str
    description: str
    """From the page's own metadata; often empty."""


_OF_WIDGET = " FROM knowledge_scraped_pages JOIN widgets ON active_job_id = job_id WHERE widgets.id = %(widget)s"
_PLACE = "coalesce((metadata ->> 'order')::int, 0)"


async def list_stored_pages(pool: Pool, widget_id: UUID, limit: int) -> list[PageEntry]:
    """Return the widget's first pages in the order of the crawl."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(PageEntry)) as cursor:
        await cursor.execute(
            "SELECT url, title, coalesce(metadata ->> 'description', '') AS description"
            + _OF_WIDGET
            + f" ORDER BY {_PLACE}, url LIMIT %(limit)s",
            {"widget": widget_id, "limit": limit},
        )
        return await cursor.fetchall()


async def read_stored_page(pool: Pool, widget_id: UUID, url: str) -> KnownPageText:
    """Return what was read from the page at this URL.

    Raises:
        NotFound: the widget does not answer from such a page.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(KnownPageText)) as cursor:
        await cursor.execute(
            "SELECT url, title, content, scraped_at AS read_at" + _OF_WIDGET + " AND url = %(url)s",
            {"widget": widget_id, "url": url},
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("page")
    return found


async def export_pages(pool: Pool, widget_id: UUID) -> AsyncIterator[list[KnownPageText]]:
    """Yield the pages that the widget answers from in batches, in the order of the crawl."""
    place, after = -1, ""
    while True:
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(_Placed)) as cursor:
            await cursor.execute(
                f"SELECT url, title, content, scraped_at AS read_at, {_PLACE} AS place"
                + _OF_WIDGET
                + f" AND ({_PLACE}, url) > (%(place)s, %(after)s) ORDER BY {_PLACE}, url LIMIT %(limit)s",
                {"widget": widget_id, "place": place, "after": after, "limit": EXPORT_BATCH},
            )
            batch = await cursor.fetchall()
        if not batch:
            return
        yield list(batch)
        place, after = batch[-1].place, batch[-1].url


class _Placed(KnownPageText):
    place: int
