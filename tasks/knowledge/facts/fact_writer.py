"""Writes the passages of a site's facts: each fact is told on one of the pages that state it.

A passage of facts is a chunk of its page, and changes without it: another page may cease to state a fact, or the owner
may edit it. So passages are written when the pages are stored, and only where they differ from the stored ones.
"""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from tasks.core.boundaries import contain
from tasks.core.database import VECTOR_DIMENSIONS, Pool
from tasks.core.errors import EmbeddingFailed
from tasks.core.facts import Fact
from tasks.core.models import Chunk, ChunkedPage, EmbeddedPage, Job, ReadPage
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.embedding_cache import embed_cached
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.facts.fact_passages import FACT_POSITION, fact_chunks
from tasks.knowledge.facts.site_facts import SiteFacts, is_stated_for_site
from tasks.knowledge.indexing.chunks import embedding_text
from tasks.knowledge.indexing.page_writer import replace_chunks
from tasks.records.fact_records import read_stored_page
from tasks.records.page_references import read_chunk_hashes


async def write_facts(pool: Pool, embedder: Embedder, job: Job, facts: SiteFacts) -> None:
    """Save the facts as the build's, and tell each on one of the build's stored pages.

    Raises:
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: the passages cannot be embedded.
        StoreFailed: the database rejects the passages, or is out of reach.
    """
    stored = await read_chunk_hashes(pool, job, least=FACT_POSITION)
    carried = facts.assign(stored)
    for url, hashes in stored.items():
        told = carried.get(url, [])
        if not (told or hashes) or (page := await read_stored_page(pool, job.build_id, url)) is None:
            continue
        told = facts.reword(page, told)
        stated = [edited for fact in told if (edited := facts.edited(fact)) and is_stated_for_site(fact, page)]
        chunks = chunks_of(page, stated, embedder.model)
        if [chunk.content_hash for chunk in chunks] != hashes:
            await _write_or_contain(pool, embedder, job.build_id, page, chunks)
    await facts.save(pool)


def chunks_of(page: ReadPage, facts: Sequence[Fact], model: str) -> tuple[Chunk, ...]:
    """Return the passages of facts as chunks of the page."""
    return fact_chunks(facts, page.title, str(page.metadata.get("language") or ""), load_tokenizer(model))


async def write_passages(
    pool: Pool, embedder: Embedder, build_id: UUID, page: ReadPage, chunks: tuple[Chunk, ...]
) -> None:
    """Write a page's passages of facts in place of its stored ones.

    Raises:
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: a passage cannot be embedded.
        StoreFailed: the database rejects the passages, or is out of reach.
    """
    texts = {chunk.content_hash: embedding_text(page.title, chunk.heading_path, chunk.text) for chunk in chunks}
    vectors = await embed_cached(pool, embedder, texts)
    found = tuple(_vector(vectors[chunk.content_hash]) for chunk in chunks)
    chunked = ChunkedPage(page=page, chunks=chunks, token_count=0, content_hash="")
    # The page's own vector is not written.
    whole = np.zeros(VECTOR_DIMENSIONS, np.float32)
    embedded = EmbeddedPage(chunked=chunked, model=embedder.model, page_vector=whole, chunk_vectors=found)
    await replace_chunks(pool, build_id, embedded, least=FACT_POSITION)


async def _write_or_contain(
    pool: Pool, embedder: Embedder, build_id: UUID, page: ReadPage, chunks: tuple[Chunk, ...]
) -> None:
    """Write the passages; without those of one page that cannot be embedded, the others are told."""
    try:
        await write_passages(pool, embedder, build_id, page, chunks)
    except EmbeddingFailed as error:
        if error.retriable:
            raise
        contain(error, f"the facts of {page.url}")


def _vector(result: Vector | EmbeddingFailed) -> Vector:
    if isinstance(result, EmbeddingFailed):
        raise result
    return result
