"""Pages with their vectors: those of their chunks, and that of the page as a whole."""

from collections.abc import Sequence

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed
from tasks.core.models import ChunkedPage, EmbeddedPage
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.embedding_cache import embed_cached
from tasks.knowledge.embedding.page_vector import page_vector
from tasks.knowledge.indexing.chunks import embedding_text, overview_text, text_hash


async def embed_together(
    pages: Sequence[ChunkedPage], pool: Pool, embedder: Embedder
) -> list[EmbeddedPage | EmbeddingFailed]:
    """Return each page with its vectors, in order, or the failure of one of its parts.

    Raises:
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: as `embed_cached`.
    """
    texts: dict[str, str] = {}
    for page in pages:
        overview = overview_text(page)
        texts[text_hash(overview)] = overview
        for chunk in page.chunks:
            texts[chunk.content_hash] = embedding_text(page.page.title, chunk.heading_path, chunk.text)
    vectors = await embed_cached(pool, embedder, texts)
    return [_assemble(page, vectors, embedder.model) for page in pages]


def _assemble(
    page: ChunkedPage, vectors: dict[str, Vector | EmbeddingFailed], model: str
) -> EmbeddedPage | EmbeddingFailed:
    overview = vectors[text_hash(overview_text(page))]
    parts: list[Vector] = []
    for chunk in page.chunks:
        vector = vectors[chunk.content_hash]
        if isinstance(vector, EmbeddingFailed):
            return vector
        parts.append(vector)
    if isinstance(overview, EmbeddingFailed):
        return overview
    whole = page_vector(overview, parts, [chunk.token_count for chunk in page.chunks])
    return EmbeddedPage(chunked=page, model=model, page_vector=whole, chunk_vectors=tuple(parts))
