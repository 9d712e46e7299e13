"""Prior pages: what the build before read at a URL, for a re-crawl that asks whether it has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.facts import Fact
from tasks.core.models import ChunkedPage, FetchMethod, Frozen, ReadPage, Target
from tasks.records.packing import unpack_fingerprint, unpack_links

_FIND = (
    "SELECT page.id, page.url, title, content_hash, token_count, metadata, links, fingerprint, scraped_at,"
    " crawl.reason AS kept_for"
    " FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id"
    " WHERE job_id = %s AND md5(crawl.url)::uuid = md5(%s)::uuid AND model = %s AND metadata ->> 'reading' = %s"
)

_URLS = "SELECT url FROM crawl_urls WHERE job_id = %s AND content_id IS NOT NULL"

BELIEVED = timedelta(days=30)
"""Age of a stored page up to which a sitemap may say that it has not changed."""


class PriorPage(Frozen):
    """A page of the build before, read as pages are read now."""

    id: UUID
    url: str
    title: str
    content_hash: str
    token_count: int
    metadata: dict[str, Any]
    links: bytes | None
    fingerprint: bytes | None
    scraped_at: datetime
    kept_for: str | None
    """Reason for which that build kept it although the site did not give it."""

    @property
    def can_be_asked_for(self) -> bool:
        """Whether an answer without content says that the page is the same: its text does not come from scripts."""
        return self.has_validator and self.is_as_sent

    @property
    def has_validator(self) -> bool:
        """Whether the site can be asked if the page has changed."""
        return bool(self.metadata.get("etag") or self.metadata.get("last_modified"))

    def is_listed_unchanged(self, modified: str) -> bool:
        """Whether the page was read on a later day than that of its last change in the sitemap.

        A sitemap's dates are often wrong: they are believed for `BELIEVED`, where the page itself cannot be asked.
        """
        is_past = bool(modified) and modified[:10] < self.scraped_at.date().isoformat()
        is_recent = datetime.now(UTC) - self.scraped_at < BELIEVED
        return is_past and is_recent and not self.has_validator and self.is_as_sent

    @property
    def is_as_sent(self) -> bool:
        """Whether the page shows what the server sends."""
        return self.metadata.get("method") == FetchMethod.http or bool(self.metadata.get("sent_whole"))

    def as_unchanged(self, target: Target, kept_for: str | None = None) -> ChunkedPage:
        """Return the page as read anew: its text and chunks stay in the database."""
        facts: list[Mapping[str, Any]] = self.metadata.get("facts") or []
        return ChunkedPage(
            page=ReadPage(
                target=target,
                url=self.url,
                title=self.title,
                markdown="",
                metadata=self.metadata,
                facts=tuple(Fact.model_validate(fact) for fact in facts),
            ),
            chunks=(),
            token_count=self.token_count,
            content_hash=self.content_hash,
            fingerprint=None if self.fingerprint is None else unpack_fingerprint(self.fingerprint),
            links=None if self.links is None else unpack_links(self.links),
            stored_id=self.id,
            kept_for=kept_for,
        )


@dataclass(frozen=True)
class PriorPages:
    """The pages of the build that a re-crawl replaces."""

    pool: Pool
    build_id: UUID | None
    """Absent in a first build: there are no prior pages."""
    model: str
    """The embedding model of the present build …"""
    reading: str
    """… and its way of reading: a page that was read in another way is read again."""
    max_depth: int
    keep_missing: bool = True
    """Whether a page that is not found stays for one build; not if the owner says that the site is smaller."""
    modified: dict[str, str] = field(default_factory=dict)
    """Dates of the last change in the sitemap, by URL."""

    async def read_urls(self) -> list[str]:
        """Return the addresses of the pages; none in a first build."""
        async with self.pool.connection() as connection:
            rows = await connection.execute(_URLS, (self.build_id,))
            return [row[0] for row in await rows.fetchall()]

    async def find(self, target: Target) -> PriorPage | None:
        """Return what was stored for the URL; None if that cannot take the place of the page."""
        if self.build_id is None or target.is_home:
            return None
        async with self.pool.connection() as connection, connection.cursor(row_factory=class_row(PriorPage)) as cursor:
            await cursor.execute(_FIND, (self.build_id, target.url, self.model, self.reading))
            found = await cursor.fetchone()
        # Without its links the crawl could not go on through it.
        is_missing_links = found is not None and found.links is None and target.depth < self.max_depth
        return None if is_missing_links else found
