"""What child processes do: read pages and count tokens (no Prefect here, so that they start quickly)."""

from tasks.core.models import ChunkedPage, FetchedPage
from tasks.knowledge.chunks import CHUNK_TOKENS, chunk_page
from tasks.knowledge.tokens import load_tokenizer
from tasks.web.content import read_page


def read_in_chunks(page: FetchedPage, model: str, chunk_tokens: int = CHUNK_TOKENS) -> ChunkedPage:
    """The page's main content in chunks of about so many tokens of the embedding model.

    Raises:
        PageSkipped, ContentFailed: there is nothing to read on it.
    """
    return chunk_page(read_page(page), load_tokenizer(model), chunk_tokens)
