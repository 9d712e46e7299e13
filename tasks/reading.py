"""Page reading for child processes: content, chunks and token counts.

It imports no Prefect, so that child processes start quickly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tasks.core.boundaries import contain
from tasks.core.choices import RenderMode
from tasks.core.facts import Fact, FactKind
from tasks.core.models import ChunkedPage, FetchedPage, Fingerprint, ReadPage
from tasks.core.processes import Limits
from tasks.core.rules import paths_pattern
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.indexing.chunks import CHUNK_TOKENS, chunk_page
from tasks.web.content.main_content import read_page
from tasks.web.crawl.directives import refusal_of
from tasks.web.crawl.fingerprints import fingerprint_of

READING_CPU_S = 20
"""Processor time a page may take to read; the median is 0.02 s."""
READING = 1
"""Version of the reading: counted up when pages are to be read again though they have not changed."""
MAX_OFFERS = 40
"""Prices of a page kept as facts."""
READING_MEMORY = 1024**3


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading the pages of a build."""

    model: str
    """Name of the embedding model, by whose tokens chunks are measured."""
    timeout_s: float
    """Seconds a page may take."""
    chunk_tokens: int = CHUNK_TOKENS
    """Target size of a chunk, in tokens."""
    site_title: str = ""
    """Title of the home page: another page with the same title has no title of its own."""

    read_noindex: bool = True
    """Whether pages that the start page links to are read although they ask search engines not to index them."""

    read_noindex_paths: tuple[str, ...] = ()
    """Paths with `*` and `?` that are read although they ask so, wherever links to them are."""

    render: RenderMode = RenderMode.auto
    """The pages that the browser renders."""

    @property
    def signature(self) -> str:
        """The way of reading: stored with a page, which is read again when it is another."""
        return reading_signature(self.chunk_tokens, self.read_noindex, self.render)

    @property
    def limits(self) -> Limits:
        """Limits of reading one page."""
        return Limits(seconds=self.timeout_s, cpu_s=READING_CPU_S, memory=READING_MEMORY)


def read_in_chunks(page: FetchedPage, options: ReadOptions) -> ChunkedPage:
    """Read the page's main content and split it into chunks.

    Raises:
        PageSkipped: the page asks not to be indexed, or is left out for its content.
        ContentFailed: the page cannot be read.
    """
    refusal = refusal_of(page, read_noindex=options.read_noindex)
    if refusal is not None and not (refusal.reason == "noindex" and _is_exempt(page, options.read_noindex_paths)):
        raise refusal
    read = read_page(page, options.site_title)
    # Of a page read by its path alone, the next build asks again whether it still may be.
    metadata = {**read.metadata, "reading": options.signature if refusal is None else f"{options.signature}/exempt"}
    read = read.model_copy(update={"facts": facts_to_store(read), "metadata": metadata})
    chunked = chunk_page(read, load_tokenizer(options.model), options.chunk_tokens)
    return chunked.model_copy(update={"fingerprint": fingerprint_of(read)})


def _is_exempt(page: FetchedPage, paths: Sequence[str]) -> bool:
    """Whether the owner has the page read, by the path it was requested by or that of its answer."""
    pattern = paths_pattern(paths)
    return pattern is not None and any(pattern.match(urlsplit(url).path) for url in (page.target.url, page.final_url))


def reading_signature(chunk_tokens: int, read_noindex: bool, render: RenderMode = RenderMode.auto) -> str:
    """Return the name of the way in which pages are read, with these options."""
    name = f"{READING}/{chunk_tokens}/{'all' if read_noindex else 'index'}"
    return name if render is RenderMode.auto else f"{name}/{render}"


def facts_to_store(read: ReadPage) -> tuple[Fact, ...]:
    """Return the page's facts without most of a long list of prices, which is the page's content."""
    offers = [fact for fact in read.facts if fact.kind is FactKind.offer][MAX_OFFERS:]
    return tuple(fact for fact in read.facts if fact not in offers) if offers else read.facts


def fingerprints_of(pages: list[ReadPage]) -> list[Fingerprint | None]:
    """Return the fingerprints of pages read by an earlier attempt, None where that fails."""
    return [_fingerprint_or_none(page) for page in pages]


def _fingerprint_or_none(page: ReadPage) -> Fingerprint | None:
    try:
        return fingerprint_of(page)
    except Exception as error:  # noqa: BLE001 only its near-duplicates are not recognised
        contain(error, f"the fingerprint of {page.url}")
        return None
