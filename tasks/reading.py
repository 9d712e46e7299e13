"""What child processes do: read pages and count tokens (no Prefect here, so that they start quickly)."""

from dataclasses import dataclass

from tasks.core.errors import PageSkipped
from tasks.core.models import ChunkedPage, FetchedPage, Fingerprint, ReadPage
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.indexing.chunks import CHUNK_TOKENS, chunk_page
from tasks.web.content.main_content import read_page
from tasks.web.crawl.directives import forbids_indexing
from tasks.web.crawl.fingerprints import fingerprint_of


@dataclass(frozen=True)
class ReadOptions:
    """How the pages of a build are read."""

    model: str
    """The embedding model, whose tokens count."""
    timeout_s: float
    """For a page."""
    chunk_tokens: int = CHUNK_TOKENS
    site_title: str = ""
    """The home page's, which says nothing of another page."""


def read_in_chunks(page: FetchedPage, options: ReadOptions) -> ChunkedPage:
    """The page's main content in chunks of about so many tokens of the embedding model.

    Raises:
        PageSkipped, ContentFailed: there is nothing to read on it.
    """
    if forbids_indexing(page):
        raise PageSkipped("noindex", "the page asks not to be indexed")
    read = read_page(page, options.site_title)
    chunked = chunk_page(read, load_tokenizer(options.model), options.chunk_tokens)
    return chunked.model_copy(update={"fingerprint": fingerprint_of(read)})


def fingerprints_of(pages: list[ReadPage]) -> list[Fingerprint]:
    """What tells of pages that were read before whether others say the same."""
    return [fingerprint_of(page) for page in pages]
