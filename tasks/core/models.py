"""What travels between the stages: frozen, validated, never a dict."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, InstanceOf, computed_field

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


@dataclass(frozen=True, slots=True)
class Link:
    """A link on a page, or another hint that a URL of the site exists."""

    url: str
    """Absolute, as it is fetched (`tasks.web.crawl.urls`)."""
    text: str = ""
    """What a visitor reads on it; its beginning."""
    region: str = "main"
    """`nav`, `header`, `main`, `aside`, `footer`; `head`: an alternate; `sitemap`, `llms`, `feed`: not on a page."""
    language: str = ""
    """`hreflang`, lower case."""
    priority: float | None = None
    """0 … 1, as a sitemap says."""
    modified: str = ""
    """ISO 8601, as a sitemap says."""


class Target(Frozen):
    """A URL of the site that is to be read."""

    url: str
    depth: int
    order: int = 0
    """Its position in the order in which the build admits URLs: the same for the same site."""


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
    links: tuple[Link, ...] = ()
    """Links on the page, each URL once, in document order."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What tells whether two pages say the same, in some hundred bytes."""

    outline: int
    """Hash of its title, headings and numbers, dates apart."""
    names: int
    """Hash of its capitalised words."""
    units: NDArray[np.uint64]
    """Hashes of its sentences and lines, without digits, each once, ascending; the smallest if there are very many."""
    words: NDArray[np.uint16]
    """Words of each."""
    text: int
    """Hash of all its text, the page's own address apart."""
    numbers: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    """Hashes of its numbers, without those of its address, their neighbours and years; the smallest if many."""

    @property
    def word_count(self) -> int:
        """Words in all its units."""
        return int(self.words.sum())


class ChunkedPage(Frozen):
    """A page in chunks; at least one."""

    page: ReadPage
    chunks: tuple[Chunk, ...]
    token_count: int
    """Tokens of the whole page, counted with the embedding model's tokenizer."""
    content_hash: str
    """SHA-256 (hex) of the page's Markdown; equal for equal content."""
    fingerprint: InstanceOf[Fingerprint] | None = None
    """What tells pages that say nearly the same."""


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
    """Markdown."""
    similarity: float
    """Cosine similarity to the query, −1 … 1."""
    deep_link: str
    """`url`, opened where the passage begins (a text fragment)."""


class RatedPassage(Passage):
    """A passage with what tells whether it answers the query."""

    coverage: float = Field(ge=0, le=1)
    """Share of the query's words that the passage, its title or its headings have, rare words weighing more."""
    score: float
    """What it was ranked by: comparable within one search only."""


Hex = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Swatch(Frozen):
    """A colour that may be the brand's."""

    colour: Hex
    on_colour: Hex
    """Text on it, contrast ≥ 4.5:1."""
    score: float = Field(ge=0, le=1)
    """How much speaks for it."""
    found: str
    """Where on the site."""


class Theme(Frozen):
    """How the widget looks and what it is called. Colours are `#rrggbb`."""

    name: str
    monogram: str = ""
    """One or two letters of the name: where no picture can be shown."""
    greeting: str = ""
    """The widget's first words, in the site's language."""
    tone: str = "neutral"
    """How the site speaks to its visitors: `formal`, `neutral` or `friendly`."""
    language: str = "en"
    """BCP 47."""
    logo_url: str | None = None
    """The logo, or the icon where there is none that can be shown."""
    logo_tile: bytes | None = Field(None, exclude=True, repr=False)
    """The logo as the widget shows it: a PNG of our own, on a ground it is seen on. Stored apart, and not told."""
    logo_background: Hex | None = None
    """The colour to put behind the logo where the widget's own would hide it."""
    favicon_url: str | None = None
    scheme: str = "light"
    """`light` or `dark`."""
    primary: Hex
    on_primary: Hex
    """Text on `primary`, contrast ≥ 4.5:1."""
    background: Hex
    text: Hex
    """Text on `background`, contrast ≥ 4.5:1."""
    other_background: Hex | None = None
    """The background visitors see who prefer the other scheme, if the site has both."""
    other_text: Hex | None = None
    swatches: tuple[Swatch, ...] = ()
    """Up to three colours that may be the brand's; the first is `primary`."""
    heading_font: str
    """A CSS font-family list."""
    body_font: str
    radius_px: float = 8
    confidence: float = Field(ge=0, le=1)
    """0: nothing found, the neutral theme; 1: independent signs agree."""
    sources: dict[str, str] = Field(default_factory=dict)
    """For each token, where on the site it was found."""
    tokens: dict[str, dict[str, str]] = Field(default_factory=dict)
    """CSS variables (`--aw-…`) for `light` and `dark`, as `tasks.core.palette` computes them."""


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
    replaces: UUID | None = None
    """The build that the widget answers from until this one is published."""
    allow_fewer_pages: bool = False
    """Publish although the site gave far fewer pages than the widget has."""
