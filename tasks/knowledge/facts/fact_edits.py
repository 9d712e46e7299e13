"""An owner's edit of a fact: stored, and told to visitors at once."""

from uuid import UUID

import numpy as np

from tasks.core.database import VECTOR_DIMENSIONS, Pool
from tasks.core.errors import EmbeddingFailed
from tasks.core.facts import Fact, FactEdit
from tasks.core.models import ChunkedPage, EmbeddedPage, ReadPage
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.embedding_cache import embed_cached
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.facts.fact_passages import FACT_POSITION, fact_chunks
from tasks.knowledge.facts.site_facts import is_stated_for_site
from tasks.knowledge.indexing.chunks import embedding_text
from tasks.knowledge.indexing.page_writer import replace_chunks
from tasks.records.fact_records import FactRecord, read_site_facts, read_stored_page, save_fact_edit
from tasks.records.widgets import read_widget


async def edit_fact(pool: Pool, embedder: Embedder, widget_id: UUID, fact_id: UUID, edit: FactEdit) -> FactRecord:
    """Store the owner's word on a fact of the active build, and rewrite the passages that tell it.

    Later builds find the edit, and tell the fact in the owner's words as long as the site states it.

    Raises:
        NotFound: the widget or the fact does not exist.
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: the passages cannot be embedded; the edit is stored.
        StoreFailed: the database rejects the passages; the edit is stored.
    """
    await save_fact_edit(pool, widget_id, fact_id, edit)
    facts = await read_site_facts(pool, widget_id)
    edited = next(fact for fact in facts if fact.id == fact_id)
    job_id = (await read_widget(pool, widget_id)).active_job_id
    url = edited.pages[0]
    page = await read_stored_page(pool, job_id, url) if job_id else None
    if job_id is None or page is None:
        return edited
    carried = [fact for fact in facts if fact.pages[0] == url and is_stated_for_site(fact, page)]
    told = [shown for fact in carried if (shown := fact.told) is not None]
    await replace_chunks(pool, job_id, await _embed(pool, embedder, page, told), least=FACT_POSITION)
    return edited


async def _embed(pool: Pool, embedder: Embedder, page: ReadPage, facts: list[Fact]) -> EmbeddedPage:
    """Return the page with the passages of its facts alone."""
    language = str(page.metadata.get("language") or "")
    chunks = fact_chunks(facts, page.title, language, load_tokenizer(embedder.model))
    texts = {chunk.content_hash: embedding_text(page.title, chunk.heading_path, chunk.text) for chunk in chunks}
    vectors = await embed_cached(pool, embedder, texts)
    found = tuple(_vector(vectors[chunk.content_hash]) for chunk in chunks)
    chunked = ChunkedPage(page=page, chunks=chunks, token_count=0, content_hash="")
    # The page's own vector is not written.
    return EmbeddedPage(
        chunked=chunked, model=embedder.model, page_vector=np.zeros(VECTOR_DIMENSIONS, np.float32), chunk_vectors=found
    )


def _vector(result: Vector | EmbeddingFailed) -> Vector:
    if isinstance(result, EmbeddingFailed):
        raise result
    return result
