"""What a build knows of the site's URLs: found, stored, failed or skipped.

It is what lets a run that died go on where it stopped. `stored` is written by the page writer in the
transaction that stores the page.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.models import Frozen, Target
from tasks.knowledge.storable import storable

Outcome = Literal["failed", "skipped"]


class CrawledUrl(Frozen):
    """A URL and what became of it."""

    target: Target
    status: Literal["queued", "stored", "failed", "skipped"]
    reason: str | None
    content_hash: str | None
    """Of the stored page."""


async def remember_urls(pool: Pool, build_id: UUID, targets: Sequence[Target]) -> None:
    """Record URLs as found; those known already stay as they are."""
    if not targets:
        return
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO crawl_urls (job_id, url, depth)"
            " SELECT %s, url, depth FROM unnest(%s::text[], %s::int[]) AS found (url, depth)"
            " ON CONFLICT (job_id, url) DO NOTHING",
            (build_id, [target.url for target in targets], [target.depth for target in targets]),
        )


async def record_outcome(pool: Pool, build_id: UUID, url: str, outcome: Outcome, cause: str) -> None:
    """Record that a URL failed (with its error) or was skipped (with the reason)."""
    column = "error" if outcome == "failed" else "reason"
    async with pool.connection() as connection:
        await connection.execute(
            f"UPDATE crawl_urls SET status = %s, {column} = %s WHERE job_id = %s AND url = %s",
            (outcome, storable(cause), build_id, url),
        )


async def read_crawl(pool: Pool, build_id: UUID) -> list[CrawledUrl]:
    """All URLs the build knows, in the order they were found."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT crawl.url, crawl.depth, crawl.status, crawl.reason, page.content_hash"
            " FROM crawl_urls AS crawl LEFT JOIN knowledge_scraped_pages AS page"
            " ON page.job_id = crawl.job_id AND page.url = crawl.url"
            " WHERE crawl.job_id = %s ORDER BY crawl.position",
            (build_id,),
        )
        return [
            CrawledUrl(target=Target(url=url, depth=depth), status=status, reason=reason, content_hash=content_hash)
            for url, depth, status, reason, content_hash in await rows.fetchall()
        ]
