"""The crawl record: a build's URLs with their status: found, queued, stored, failed or skipped.

A URL is found by its digest (`md5(url)::uuid`), which the table's index has in place of the URL.

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
    ON CONFLICT (job_id, (md5(url)::uuid)) DO UPDATE
    SET depth = excluded.depth, place = excluded.place, status = excluded.status
    WHERE crawl_urls.status = 'found' AND excluded.status <> 'found'
"""
# A duplicate may refer to one that refers to another: a redirect that leads to a redirect. UNION ends circles.
_ADD_ALIASES = """
    WITH RECURSIVE skipped AS MATERIALIZED (
        SELECT url, same_as FROM crawl_urls WHERE job_id = %(job)s AND same_as IS NOT NULL
    ), known (content_id, url, is_alias) AS (
        SELECT content_id, address.url, false FROM crawl_urls AS crawl
        JOIN stored_pages AS page ON page.id = content_id, LATERAL (VALUES (crawl.url), (page.url)) AS address (url)
        WHERE job_id = %(job)s
        UNION
        SELECT content_id, skipped.url, true FROM known JOIN skipped ON same_as = known.url
    )
    UPDATE crawl_urls AS crawl SET aliases = found.urls
    FROM (
        SELECT content_id, array_agg(url) AS urls FROM known WHERE is_alias GROUP BY content_id
    ) AS found WHERE job_id = %(job)s AND crawl.content_id = found.content_id
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
    final_url: str | None = None
    """Address of the stored page, after redirects."""


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

        `same_as` is the URL of the page that a skipped duplicate equals, or a URL that leads to it.
        """
        column = "error" if outcome == "failed" else "reason"
        async with self.pool.connection() as connection:
            await connection.execute(
                f"UPDATE crawl_urls SET status = %s, {column} = %s, same_as = %s, content_id = NULL"
                " WHERE job_id = %s AND md5(url)::uuid = md5(%s)::uuid",
                (outcome, sanitize_text(cause), same_as, self.build_id, url),
            )

    async def replace_page(self, url: str, replacement: str) -> None:
        """Point the duplicates of a page at its replacement."""
        async with self.pool.connection() as connection:
            await connection.execute(
                "UPDATE crawl_urls SET same_as = %s WHERE job_id = %s AND same_as = %s",
                (replacement, self.build_id, url),
            )

    async def settle_duplicates(self, dropped: Sequence[tuple[str, str]]) -> None:
        """Drop pages, each given as the URL it was requested by and the reason; store the others' aliases."""
        async with self.pool.connection() as connection, connection.transaction():
            for target_url, reason in dropped:
                await connection.execute(
                    "UPDATE crawl_urls SET status = 'skipped', reason = %s, content_id = NULL"
                    " WHERE job_id = %s AND md5(url)::uuid = md5(%s)::uuid",
                    (reason, self.build_id, target_url),
                )
            await connection.execute(_ADD_ALIASES, {"job": self.build_id})

    async def read(self) -> list[CrawledUrl]:
        """All URLs of the build, in the order they were admitted or found."""
        async with self.pool.connection() as connection:
            rows = await connection.execute(
                "SELECT crawl.url, crawl.depth, crawl.place, crawl.status, crawl.reason, page.content_hash, page.title,"
                " page.url FROM crawl_urls AS crawl LEFT JOIN stored_pages AS page ON page.id = content_id"
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
                    final_url=final_url,
                )
                for url, depth, place, status, reason, content_hash, title, final_url in await rows.fetchall()
            ]

    async def read_stored(self) -> AsyncIterator[list[StoredPage]]:
        """The build's stored pages in batches; each target has the order it was admitted in."""
        last = -1
        while True:
            async with self.pool.connection() as connection:
                rows = await connection.execute(
                    "SELECT crawl.place, crawl.url, crawl.depth, page.url, page.title, page.content, page.content_hash"
                    " FROM stored_pages AS page JOIN crawl_urls AS crawl ON page.id = content_id"
                    " WHERE crawl.job_id = %s AND crawl.status = 'stored' AND crawl.place > %s"
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
