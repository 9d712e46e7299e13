"""Values passed between the stages: frozen, validated models, never dicts."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, InstanceOf, computed_field

from tasks.core.errors import PageError
from tasks.core.facts import Fact
from tasks.core.rules import WITHOUT_DEFAULT, ReadingRules


class Frozen(BaseModel):
    """Base of all immutable models."""

    model_config = ConfigDict(frozen=True)


class FetchMethod(StrEnum):
    """The fetcher of a page."""

    browser = "browser"
    http = "http"


class BuildRequest(ReadingRules):
    """A client's request for a build, already validated, with the rules of its widget."""

    url: str
    """Absolute http(s) URL, normalised."""
    depth: int
    """Links to follow from the start page; 0 reads only that page."""
    max_pages: int
    """Most pages the build may read."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of a flow run: JSON. Without empty rules that a worker of the version before does not know."""
        return self.model_dump(mode="json", exclude={name for name in WITHOUT_DEFAULT if not getattr(self, name)})


@dataclass(frozen=True, slots=True)
class Link:
    """A link on a page, or another hint that a URL of the site exists."""

    url: str
    """Absolute, in the form it is fetched (`tasks.web.crawl.urls`)."""
    text: str = ""
    """The beginning of the link text."""
    region: str = "main"
    """`nav`, `header`, `main`, `aside`, `footer`; `head`: an alternate; `sitemap`, `llms`, `feed`: not on a page."""
    language: str = ""
    """`hreflang`, lower case."""
    priority: float | None = None
    """Priority in the sitemap, 0 … 1."""
    modified: str = ""
    """Date of the last change in the sitemap, ISO 8601."""


class Target(Frozen):
    """A URL of the site to be read."""

    url: str
    depth: int
    order: int = 0
    """Its position in the order in which the build admits URLs: the same for the same site."""

    @property
    def is_home(self) -> bool:
        """Whether it is the start page of the widget's own site; those of further sites come after it."""
        return self.depth == 0 and self.order == 0


class FetchedPage(Frozen):
    """A page as fetched; each page is fetched once per build."""

    target: Target
    final_url: str
    """After redirects."""
    method: FetchMethod
    html: str
    """The decoded document: as rendered (browser) or as received (http)."""
    byte_count: int
    """Bytes of the received body after decompression."""
    pdf: bytes | None = Field(default=None, repr=False)
    """The received body of a PDF; `html` is empty then."""
    escalated: bool = False
    """Whether the browser rendered the page because its HTML over HTTP was an empty shell."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """JSON values to store with the page: status, etag, last_modified, render reason …"""


class ReadPage(Frozen):
    """The readable content of a page."""

    target: Target
    url: str
    """Final URL, after redirects."""
    title: str
    markdown: str
    """Main content as CommonMark with absolute links."""
    byte_count: int = 0
    """Bytes of the page as received."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """JSON values: description, language, method, …"""
    facts: tuple[Fact, ...] = ()
    """Contact data, opening hours, prices … of the whole page, its footer and structured data included."""


class Chunk(Frozen):
    """A part of a page, embedded and searched on its own."""

    position: int
    """Index within the page: 0, 1, 2 …"""
    heading_path: tuple[str, ...]
    """Headings above the chunk, outermost first."""
    text: str
    """Markdown, as shown to visitors."""
    token_count: int
    content_hash: str
    """SHA-256 (hex) of the embedded text."""


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """Compact fingerprint of a page for near-duplicate detection, a few hundred bytes."""

    outline: int
    """Hash of the title, headings and numbers, without dates."""
    names: int
    """Hash of the capitalised words."""
    units: NDArray[np.uint64]
    """Hashes of the distinct sentences and lines without digits, ascending; only the smallest if there are many."""
    words: NDArray[np.uint16]
    """Number of words in each unit."""
    text: int
    """Hash of the whole text without the page's own address."""
    numbers: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    """Hashes of the numbers, without years and the numbers of the address (±1); only the smallest if many."""

    @property
    def word_count(self) -> int:
        """Number of words in all units."""
        return int(self.words.sum())


class ChunkedPage(Frozen):
    """A page split into chunks; at least one."""

    page: ReadPage
    chunks: tuple[Chunk, ...]
    token_count: int
    """Tokens of the whole page, by the embedding model's tokenizer."""
    content_hash: str
    """SHA-256 (hex) of the page's Markdown; equal for equal content."""
    fingerprint: InstanceOf[Fingerprint] | None = None
    """Fingerprint for near-duplicate detection."""
    links: tuple[Link, ...] | None = None
    """Links on the page; None if they were not listed."""
    stored_id: UUID | None = None
    """The widget's stored page with the same content, which is not written again."""
    kept_for: str | None = None
    """Reason for which a page stays that the site did not give."""


class ExtractedUrl(Frozen):
    """The extraction result for a URL: a fetched page, a stored one that is the same, a failure, or none for a leaf."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    target: Target
    page: FetchedPage | None = None
    reused: ChunkedPage | None = None
    """The stored page, which has not changed."""
    error: PageError | None = None
    links: tuple[Link, ...] = ()
    """Links on the page, each URL once, in document order."""

    @property
    def final_url(self) -> str | None:
        """The page's address after redirects; None if there is no page."""
        if self.reused is not None:
            return self.reused.page.url
        return None if self.page is None else self.page.final_url


@dataclass(frozen=True)
class EmbeddedPage:
    """A page with its vectors, ready for the store stage."""

    chunked: ChunkedPage
    model: str
    """Name of the embedding model."""
    page_vector: NDArray[np.float32]
    """Shape (1536,), unit length."""
    chunk_vectors: tuple[NDArray[np.float32], ...]
    """The vector of each chunk, in order; shape and length as `page_vector`."""


class Passage(Frozen):
    """A search result."""

    url: str
    title: str
    heading: str
    text: str
    """Markdown."""
    similarity: float
    """Cosine similarity to the query, −1 … 1."""
    deep_link: str
    """`url` with a text fragment that scrolls to the passage."""


class RatedPassage(Passage):
    """A search result with its measures of relevance."""

    coverage: float = Field(ge=0, le=1)
    """Share of the query's words in the passage, its title or its headings; rare words weigh more."""
    score: float
    """Ranking score; comparable only within one search."""


class Statistics(Frozen):
    """Counters of a build. They always add up (see `adds_up`)."""

    total_urls: int = 0
    """URLs scraped or failed; skipped URLs are not counted."""
    scraped_pages: int = 0
    failed_scrapes: int = 0
    embedded_pages: int = 0
    failed_embeddings: int = 0
    stored_pages: int = 0
    failed_stores: int = 0
    skipped: dict[str, int] = Field(default_factory=dict)
    """Pages skipped, by reason."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def skipped_pages(self) -> int:
        """Pages skipped, for any reason."""
        return sum(self.skipped.values())

    @property
    def adds_up(self) -> bool:
        """Whether every URL has exactly one outcome in each stage."""
        return (
            self.scraped_pages + self.failed_scrapes == self.total_urls
            and self.embedded_pages + self.failed_embeddings == self.scraped_pages
            and self.stored_pages + self.failed_stores == self.embedded_pages
        )


class Job(Frozen):
    """The flow's view of a build."""

    build_id: UUID
    widget_id: UUID
    request: BuildRequest
    attempt: int
    """Number of this attempt; the record refuses what an earlier one writes."""
    leases: tuple[UUID, ...] = ()
    """Concurrency leases in Prefect that an earlier attempt held at its last heartbeat."""
    replaces: UUID | None = None
    """The build the widget answers from until this one is published."""
    allow_fewer_pages: bool = False
    """Publish even if the site gave far fewer pages than the widget has."""
