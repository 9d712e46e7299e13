"""Known pages: a widget's pages for its owner, with state, cause and what was read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen


class KnownPage(Frozen):
    """A page that the widget's build has found."""

    url: str
    title: str
    state: str
    """`stored`, `failed`, `skipped`, `queued` or `found`."""
    cause: str | None
    """The reason for which it was skipped, or its error."""
    same_as: str | None
    """The page that a skipped duplicate equals."""
    method: str | None
    """How it was fetched: `static` or `rendered`."""
    tokens: int | None
    read_at: datetime | None
    id: UUID | None
    """Under which its text can be read; None if it is not stored."""
    is_start: bool
    """Whether it is the start page of a site, which no rule of paths leaves out."""


class KnownPageText(Frozen):
    """A stored page with its text."""

    url: str
    title: str
    content: str
    """Markdown."""
    read_at: datetime


# The active build, or the latest while there is none.
_JOB = (
    "(SELECT coalesce(active_job_id, (SELECT id FROM scrape_jobs WHERE widget_id = widgets.id"
    " ORDER BY created_at DESC LIMIT 1)) FROM widgets WHERE id = %(widget)s)"
)
_PAGES = (
    " FROM crawl_urls AS crawl LEFT JOIN stored_pages AS page ON page.id = coalesce(content_id, withheld_id)"
    " WHERE crawl.job_id = " + _JOB + " AND (%(state)s::text IS NULL OR crawl.status = %(state)s)"
    " AND (%(text)s::text IS NULL OR strpos(lower(crawl.url || ' ' || coalesce(page.title, '')), lower(%(text)s)) > 0)"
)


async def list_known_pages(
    pool: Pool, widget_id: UUID, *, state: str | None, text: str | None, limit: int, offset: int
) -> tuple[list[KnownPage], int]:
    """Return a page of the widget's pages in the order of the crawl, and their total number."""
    values: dict[str, Any] = {"widget": widget_id, "state": state, "text": text, "limit": limit, "offset": offset}
    async with pool.connection() as connection:
        async with connection.cursor(row_factory=class_row(KnownPage)) as cursor:
            await cursor.execute(
                "SELECT crawl.url, coalesce(page.title, '') AS title,"
                " crawl.status AS state, coalesce(crawl.reason, crawl.error) AS cause, crawl.same_as,"
                " page.metadata ->> 'method' AS method, page.token_count AS tokens, page.scraped_at AS read_at,"
                " content_id AS id, crawl.depth = 0 AS is_start"
                + _PAGES
                + " ORDER BY crawl.place, crawl.position LIMIT %(limit)s OFFSET %(offset)s",
                values,
            )
            pages = await cursor.fetchall()
        row = await (await connection.execute("SELECT count(*)" + _PAGES, values)).fetchone()
    return pages, 0 if row is None else int(row[0])


async def count_known_pages(pool: Pool, widget_id: UUID) -> dict[str, int]:
    """Return the number of the widget's pages by state."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            f"SELECT status, count(*) FROM crawl_urls WHERE job_id = {_JOB} GROUP BY status", {"widget": widget_id}
        )
        return {row[0]: row[1] for row in await rows.fetchall()}


async def read_page_text(pool: Pool, widget_id: UUID, page_id: UUID) -> KnownPageText:
    """Return what was read from a page.

    Raises:
        NotFound: the widget has no such page.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(KnownPageText)) as cursor:
        await cursor.execute(
            "SELECT url, title, content, scraped_at AS read_at FROM knowledge_scraped_pages"
            f" WHERE id = %(page)s AND job_id = {_JOB}",
            {"widget": widget_id, "page": page_id},
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("page")
    return found
