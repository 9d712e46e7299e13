"""What child processes do: read pages and count tokens (no Prefect here, so that they start quickly)."""

from tasks.core.errors import PageSkipped
from tasks.core.models import ChunkedPage, FetchedPage
from tasks.knowledge.chunks import CHUNK_TOKENS, chunk_page
from tasks.knowledge.tokens import load_tokenizer
from tasks.web.content.main_content import read_page
from tasks.web.crawl.directives import forbids_indexing
from tasks.web.crawl.fingerprints import fingerprint_of


def read_in_chunks(
    page: FetchedPage, model: str, chunk_tokens: int = CHUNK_TOKENS, site_title: str = ""
) -> ChunkedPage:
    """The page's main content in chunks of about so many tokens of the embedding model.

    `site_title`: the home page's, which says nothing of another page.

    Raises:
        PageSkipped, ContentFailed: there is nothing to read on it.
    """
    if forbids_indexing(page):
        raise PageSkipped("noindex", "the page asks not to be indexed")
    read = read_page(page, site_title)
    chunked = chunk_page(read, load_tokenizer(model), chunk_tokens)
    return chunked.model_copy(update={"fingerprint": fingerprint_of(read)})
