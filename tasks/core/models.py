"""What travels between the stages: frozen, validated, never a dict."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, computed_field

from tasks.core.errors import PageError


class Frozen(BaseModel):
    """Base of all values that travel."""

    model_config = ConfigDict(frozen=True)


class FetchMethod(StrEnum):
    """How a page was fetched."""

    browser = "browser"
    http = "http"


class BuildRequest(Frozen):
    """What a client asks for: valid already."""

    url: str
    """Absolute http(s) URL, normalised."""
    depth: int
    """Links to follow from the start page; 0 reads that page alone."""
    max_pages: int


class Target(Frozen):
    """A URL of the site that is to be read."""

    url: str
    depth: int


class FetchedPage(Frozen):
    """A page as fetched, once a build."""

    target: Target
    final_url: str
    """After redirects."""
    method: FetchMethod
    html: str
    """The document: as rendered (browser) or as sent (http), decoded."""
    byte_count: int
    """Bytes of the body as sent, decompressed."""
    pdf: bytes | None = Field(default=None, repr=False)
    """The body of a PDF, as sent; `html` is empty then."""
    escalated: bool = False
    """Sent as an empty shell over HTTP, so rendered by the browser."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """JSON values to keep with the page: status, etag, last_modified, render reason …"""


class Found(Frozen):
    """A URL of the site as extraction hands it on: fetched, failed, or (a leaf) not yet fetched."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    target: Target
    page: FetchedPage | None = None
    error: PageError | None = None
    links: tuple[str, ...] = ()
    """Links on the page, absolute and normalised, in document order."""


class ReadPage(Frozen):
    """What a visitor would read on a page."""

    target: Target
    url: str
    """Where the page really is (after redirects)."""
    title: str
    markdown: str
    """Main content, CommonMark, links absolute."""
    byte_count: int = 0
    """Bytes of the page as sent."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """JSON values: description, language, method, …"""


class Chunk(Frozen):
    """A part of a page that is embedded and found on its own."""

    position: int
    """0, 1, 2 … within the page."""
    heading_path: tuple[str, ...]
    """Headings above it, outermost first."""
    text: str
    """Markdown, as shown to people."""
    token_count: int
    content_hash: str
    """SHA-256 (hex) of what is embedded."""


class ChunkedPage(Frozen):
    """A page in chunks; at least one."""

    page: ReadPage
    chunks: tuple[Chunk, ...]
    token_count: int
    """Tokens of the whole page, counted with the embedding model's tokenizer."""
    content_hash: str
    """SHA-256 (hex) of the page's Markdown; equal for equal content."""


@dataclass(frozen=True)
class EmbeddedPage:
    """A page with its vectors, ready to be stored."""

    chunked: ChunkedPage
    model: str
    """Name of the embedding model."""
    page_vector: NDArray[np.float32]
    """Shape (1536,), unit length."""
    chunk_vectors: tuple[NDArray[np.float32], ...]
    """One like it for each chunk, in order."""


class Passage(Frozen):
    """One result of a search."""

    url: str
    title: str
    heading: str
    text: str
    similarity: float
    """Cosine similarity to the query, −1 … 1."""


class Theme(Frozen):
    """How the widget looks and what it is called. Colours are `#rrggbb`."""

    name: str
    language: str = "en"
    """BCP 47."""
    logo_url: str | None = None
    favicon_url: str | None = None
    scheme: str = "light"
    """`light` or `dark`."""
    primary: str
    on_primary: str
    """Text on `primary`, contrast ≥ 4.5:1."""
    background: str
    text: str
    """Text on `background`, contrast ≥ 4.5:1."""
    heading_font: str
    """A CSS font-family list."""
    body_font: str
    radius_px: float = 8
    confidence: float = Field(ge=0, le=1)
    """0: nothing found, the neutral theme; 1: independent signs agree."""
    sources: dict[str, str] = Field(default_factory=dict)
    """For each token, where on the site it was found."""


class Statistics(Frozen):
    """Counters of a build. They always add up (see `adds_up`)."""

    total_urls: int = 0
    """URLs that were scraped or failed to be; skipped ones are not among them."""
    scraped_pages: int = 0
    failed_scrapes: int = 0
    embedded_pages: int = 0
    failed_embeddings: int = 0
    stored_pages: int = 0
    failed_stores: int = 0
    skipped: dict[str, int] = Field(default_factory=dict)
    """Pages left out, by reason."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def skipped_pages(self) -> int:
        """All pages left out."""
        return sum(self.skipped.values())

    @property
    def adds_up(self) -> bool:
        """Whether every page is in exactly one place."""
        return (
            self.scraped_pages + self.failed_scrapes == self.total_urls
            and self.embedded_pages + self.failed_embeddings == self.scraped_pages
            and self.stored_pages + self.failed_stores == self.embedded_pages
        )


class Job(Frozen):
    """A build as the flow needs it."""

    build_id: UUID
    widget_id: UUID
    request: BuildRequest
    leases: tuple[UUID, ...] = ()
    """Slots in Prefect that an earlier attempt held when it was last seen alive."""
