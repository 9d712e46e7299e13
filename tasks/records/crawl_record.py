"""What a build knows of the site's URLs: found, let in, stored, failed or skipped.

It is what lets a run that died go on where it stopped. `stored` is written by the page writer in the
transaction that stores the page.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.models import Frozen, ReadPage, Target
from tasks.records.storable import storable

Outcome = Literal["failed", "skipped"]

_REMEMBER = """
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
"""Stored pages that are read at a time."""


class CrawledUrl(Frozen):
    """A URL and what became of it."""

    target: Target
    status: Literal["found", "queued", "stored", "failed", "skipped"]
    reason: str | None
    content_hash: str | None
    """Of the stored page."""
    title: str | None = None
    """Of the stored page."""


class StoredPage(Frozen):
    """A page that an earlier attempt of the build has stored."""

    page: ReadPage
    content_hash: str


async def remember_urls(pool: Pool, build_id: UUID, targets: Sequence[Target], found: Sequence[Target] = ()) -> None:
    """Record URLs as let in, and others as `found` only; those let in already stay as they are."""
    if not targets and not found:
        return
    let_in = {target.url: target for target in reversed(targets)}
    only_found = {target.url: target for target in reversed(found) if target.url not in let_in}
    rows = [*reversed(only_found.values()), *reversed(let_in.values())]
    async with pool.connection() as connection:
        await connection.execute(
            _REMEMBER,
            (
                build_id,
                [target.url for target in rows],
                [target.depth for target in rows],
                [target.order for target in rows],
                ["found"] * len(only_found) + ["queued"] * len(let_in),
            ),
        )


async def record_outcome(
    pool: Pool, build_id: UUID, url: str, outcome: Outcome, cause: str, *, same_as: str | None = None
) -> None:
    """Record that a URL failed (with its error) or was skipped (with the reason, and what it is the same as)."""
    column = "error" if outcome == "failed" else "reason"
    async with pool.connection() as connection:
        await connection.execute(
            f"UPDATE crawl_urls SET status = %s, {column} = %s, same_as = %s WHERE job_id = %s AND url = %s",
            (outcome, storable(cause), same_as, build_id, url),
        )


async def replace_page(pool: Pool, build_id: UUID, url: str, better: str) -> None:
    """Record that what was said to be the same as one page is the same as another, which is kept instead."""
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE crawl_urls SET same_as = %s WHERE job_id = %s AND same_as = %s", (better, build_id, url)
        )


async def settle_duplicates(pool: Pool, build_id: UUID, dropped: Sequence[tuple[str, str, str]]) -> None:
    """Take out the stored pages that are not to be kept after all (stored URL, URL it was known by, reason), and give
    those that are kept their other addresses: `metadata["aliases"]`."""
    async with pool.connection() as connection, connection.transaction():
        for stored_url, target_url, reason in dropped:
            await connection.execute(
                "DELETE FROM knowledge_scraped_pages WHERE job_id = %s AND url = %s", (build_id, stored_url)
            )
            await connection.execute(
                "UPDATE crawl_urls SET status = 'skipped', reason = %s WHERE job_id = %s AND url = %s",
                (reason, build_id, target_url),
            )
        await connection.execute(_ADD_ALIASES, (build_id,))


async def read_crawl(pool: Pool, build_id: UUID) -> list[CrawledUrl]:
    """All URLs the build knows, in the order they were let in or found."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT crawl.url, crawl.depth, crawl.place, crawl.status, crawl.reason, page.content_hash, page.title"
            " FROM crawl_urls AS crawl LEFT JOIN knowledge_scraped_pages AS page"
            " ON page.job_id = crawl.job_id AND page.url = crawl.url"
            " WHERE crawl.job_id = %s ORDER BY crawl.place, crawl.position",
            (build_id,),
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


async def read_stored(pool: Pool, build_id: UUID) -> AsyncIterator[list[StoredPage]]:
    """The pages the build has stored, some at a time; their targets have the places they were let in at."""
    last = -1
    while True:
        async with pool.connection() as connection:
            rows = await connection.execute(
                "SELECT crawl.place, crawl.url, crawl.depth, page.url, page.title, page.content, page.content_hash"
                " FROM knowledge_scraped_pages AS page JOIN crawl_urls AS crawl"
                " ON crawl.job_id = page.job_id AND crawl.place = (page.metadata ->> 'order')::int"
                " WHERE page.job_id = %s AND crawl.status = 'stored' AND crawl.place > %s"
                " ORDER BY crawl.place LIMIT %s",
                (build_id, last, STORED_BATCH),
            )
            found = [
                StoredPage(
                    page=ReadPage(
                        target=Target(url=target_url, depth=depth, order=place), url=url, title=title, markdown=content
                    ),
                    content_hash=content_hash,
                )
                for place, target_url, depth, url, title, content, content_hash in await rows.fetchall()
            ]
        if not found:
            return
        yield found
        last = found[-1].page.target.order
