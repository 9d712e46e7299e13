"""References of builds to stored pages: a row of the crawl record names the content that was read at its URL.

The column has no foreign key, which would need an index on every row of every crawl record: housekeeping deletes pages
that no build refers to, and nothing else deletes pages but the end of their widget.
"""

from collections.abc import Mapping, Sequence
from typing import LiteralString
from uuid import NAMESPACE_URL, UUID, uuid5

from tasks.core.database import Connection, Pool
from tasks.core.models import ChunkedPage, Job
from tasks.records.chunk_tables import chunk_table

FIND_PAGE: LiteralString = (
    "SELECT page.id, page.widget_id FROM scrape_jobs AS job JOIN stored_pages AS page USING (widget_id)"
    " JOIN crawl_urls AS crawl ON crawl.job_id = job.id AND crawl.content_id = page.id"
    " WHERE job.id = %(job)s AND page.page_id = %(page)s"
)
"""SQL: a build's page by the id of its URL, with its widget."""
# A page that was reached by another address before belongs to the later one.
_RELEASE = (
    "UPDATE crawl_urls SET content_id = NULL FROM scrape_jobs AS job JOIN stored_pages AS page USING (widget_id)"
    " WHERE job.id = %(job)s AND page.page_id = ANY(%(pages)s) AND job_id = job.id AND content_id = page.id"
    " AND crawl_urls.url <> ALL(%(urls)s)"
)
_REFER = (
    "INSERT INTO crawl_urls (job_id, url, depth, place, status, reason, content_id)"
    " SELECT %s, url, depth, place, 'stored', reason, content"
    " FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[], %s::uuid[])"
    " AS stored (url, depth, place, reason, content) ORDER BY url"
    " ON CONFLICT (job_id, (md5(url)::uuid)) DO UPDATE SET status = 'stored', error = NULL, reason = excluded.reason,"
    " content_id = excluded.content_id"
)


async def refer_to_pages(
    connection: Connection, build_id: UUID, pages: Sequence[ChunkedPage], stored: Mapping[str, UUID]
) -> None:
    """Mark the pages' URLs as stored, and refer to the stored pages, given by URL.

    Of several addresses of one page the last one refers to it.
    """
    last = {page.page.url: page.page.target.url for page in pages}
    by_target = {page.page.target.url: page for page in pages}
    named = {"job": build_id, "pages": [uuid5(NAMESPACE_URL, url) for url in stored], "urls": list(last.values())}
    await connection.execute(_RELEASE, named)
    targets = [page.page.target for page in by_target.values()]
    content = [stored[page.page.url] if last[page.page.url] == url else None for url, page in by_target.items()]
    await connection.execute(
        _REFER,
        (
            build_id,
            [target.url for target in targets],
            [target.depth for target in targets],
            [target.order for target in targets],
            [page.kept_for for page in by_target.values()],
            content,
        ),
    )


async def read_chunk_hashes(pool: Pool, job: Job, *, least: int) -> dict[str, list[str]]:
    """Return the hashes of the build's chunks from the position `least` on, for each of its pages, by URL."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT page.url, ARRAY(SELECT chunk.content_hash FROM " + chunk_table(job.widget_id) + " AS chunk"
            " WHERE scraped_page_id = page.id AND chunk.position >= %s ORDER BY chunk.position)"
            " FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id WHERE job_id = %s"
            " ORDER BY place, page.url",
            (least, job.build_id),
        )
        return {row[0]: row[1] for row in await rows.fetchall()}
