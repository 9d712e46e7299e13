"""Cuts an owner's source into passages; for child processes, as all that strangers write."""

from tasks.core.models import ChunkedPage, ReadPage
from tasks.core.processes import Limits
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page

CUTTING = Limits(seconds=60, cpu_s=20, memory=1024**3)
"""Limits of cutting one source: a million characters take 0.5 to 3 s of processor time."""


def cut_source(page: ReadPage, model: str) -> ChunkedPage:
    """Return the source, read as a page, with its passages, measured by the tokens of this embedding model."""
    return chunk_page(page, load_tokenizer(model))
