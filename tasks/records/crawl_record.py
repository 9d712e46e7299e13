"""The crawl record: a build's URLs with their status: found, queued, stored, failed or skipped.

A run that died resumes from it. `stored` is written by the page writer in the transaction that stores the
page.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.models import Frozen, ReadPage, Target
from tasks.records.sanitizing import sanitize_text

Outcome = Literal["failed", "skipped"]

_ADD_URLS = """
    INSERT INTO crawl_urls (job_id, url, depth, place, status)
    SELECT %s, url, depth, place, status
    FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[]) AS found (url, depth, place, status)
    ON CONFLICT (job_id, url) DO UPDATE
    SET depth = excluded.depth, place = excluded.place, status = excluded.status
    WHERE crawl_urls.status = 'found' AND excluded.status <> 'found'
"""
_ADD_ALIASES = """
    UPDATE knowledge_scraped_pages AS page
    SET metadata = page.metadata || jsonb_build_object('aliases', (
        SELECT jsonb_agg(DISTINCT alias ORDER BY alias)
        FROM (
            SELECT jsonb_array_elements_text(coalesce(page.metadata -> 'aliases', '[]')) AS alias
            UNION ALL SELECT url FROM crawl_urls WHERE job_id = page.job_id AND same_as = page.url
        ) AS aliases WHERE alias <> page.url
    ))
    WHERE page.job_id = %s AND EXISTS (SELECT 1 FROM crawl_urls WHERE job_id = page.job_id AND same_as = page.url)
"""
STORED_BATCH = 50
"""Stored pages read in one query."""


class CrawledUrl(Frozen):
    """A URL with its status."""

    target: Target
    status: Literal["found", "queued", "stored", "failed", "skipped"]
    reason: str | None
    """Reason for which it was skipped."""
    content_hash: str | None
    """Hash of the stored page's content."""
    title: str | None = None
    """Title of the stored page."""


class StoredPage(Frozen):
    """A page stored by an earlier attempt of the build."""

    page: ReadPage
    content_hash: str


@dataclass(frozen=True)
class CrawlRecord:
    """The crawl record of one build."""

    pool: Pool
    build_id: UUID

    async def add_urls(self, targets: Sequence[Target], found: Sequence[Target] = ()) -> None:
        """Record `targets` as admitted and `found` as found only; URLs already admitted are not changed."""
        if not targets and not found:
            return
        admitted = {target.url: target for target in reversed(targets)}
        only_found = {target.url: target for target in reversed(found) if target.url not in admitted}
        rows = [*reversed(only_found.values()), *reversed(admitted.values())]
        async with self.pool.connection() as connection:
            await connection.execute(
                _ADD_URLS,
                (
                    self.build_id,
                    [target.url for target in rows],
                    [target.depth for target in rows],
                    [target.order for target in rows],
                    ["found"] * len(only_found) + ["queued"] * len(admitted),
                ),
            )

    async def record_outcome(self, url: str, outcome: Outcome, cause: str, *, same_as: str | None = None) -> None:
        """Record that a URL failed (`cause` is the error) or was skipped (`cause` is the reason).

        `same_as` is the URL of the page that a skipped duplicate equals.
        """
        column = "error" if outcome == "failed" else "reason"
        async with self.pool.connection() as connection:
            await connection.execute(
                f"UPDATE crawl_urls SET status = %s, {column} = %s, same_as = %s WHERE job_id = %s AND url = %s",
                (outcome, sanitize_text(cause), same_as, self.build_id, url),
            )

    async def replace_page(self, url: str, replacement: str) -> None:
        """Point the duplicates of a page at its replacement."""
        async with self.pool.connection() as connection:
            await connection.execute(
                "UPDATE crawl_urls SET same_as = %s WHERE job_id = %s AND same_as = %s",
                (replacement, self.build_id, url),
            )

    async def settle_duplicates(self, dropped: Sequence[tuple[str, str, str]]) -> None:
        """Delete dropped pages, and store the kept pages' other addresses as `metadata["aliases"]`.

        Each dropped page is its stored URL, the URL it was requested by, and the reason.
        """
        async with self.pool.connection() as connection, connection.transaction():
            for stored_url, target_url, reason in dropped:
                await connection.execute(
                    "DELETE FROM knowledge_scraped_pages WHERE job_id = %s AND url = %s", (self.build_id, stored_url)
                )
                await connection.execute(
                    "UPDATE crawl_urls SET status = 'skipped', reason = %s WHERE job_id = %s AND url = %s",
                    (reason, self.build_id, target_url),
                )
            await connection.execute(_ADD_ALIASES, (self.build_id,))

    async def read(self) -> list[CrawledUrl]:
        """All URLs of the build, in the order they were admitted or found."""
        async with self.pool.connection() as connection:
            rows = await connection.execute(
                "SELECT crawl.url, crawl.depth, crawl.place, crawl.status, crawl.reason, page.content_hash, page.title"
                " FROM crawl_urls AS crawl LEFT JOIN knowledge_scraped_pages AS page"
                " ON page.job_id = crawl.job_id AND page.url = crawl.url"
                " WHERE crawl.job_id = %s ORDER BY crawl.place, crawl.position",
                (self.build_id,),
            )
            return [
                CrawledUrl(
                    target=Target(url=url, depth=depth, order=place),
                    status=status,
                    reason=reason,
                    content_hash=content_hash,
                    title=title,
                )
                for url, depth, place, status, reason, content_hash, title in await rows.fetchall()
            ]

    async def read_stored(self) -> AsyncIterator[list[StoredPage]]:
        """The build's stored pages in batches; each target has the order it was admitted in."""
        last = -1
        while True:
            async with self.pool.connection() as connection:
                rows = await connection.execute(
                    "SELECT crawl.place, crawl.url, crawl.depth, page.url, page.title, page.content, page.content_hash"
                    " FROM knowledge_scraped_pages AS page JOIN crawl_urls AS crawl"
                    " ON crawl.job_id = page.job_id AND crawl.place = (page.metadata ->> 'order')::int"
                    " WHERE page.job_id = %s AND crawl.status = 'stored' AND crawl.place > %s"
                    " ORDER BY crawl.place LIMIT %s",
                    (self.build_id, last, STORED_BATCH),
                )
                found = [
                    StoredPage(
                        page=ReadPage(
                            target=Target(url=target_url, depth=depth, order=place),
                            url=url,
                            title=title,
                            markdown=content,
                        ),
                        content_hash=content_hash,
                    )
                    for place, target_url, depth, url, title, content, content_hash in await rows.fetchall()
                ]
            if not found:
                return
            yield found
            last = found[-1].page.target.order
