"""An owner's edit of a fact: stored, and told to visitors at once."""

from uuid import UUID

from tasks.core.database import Pool
from tasks.core.facts import FactEdit
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.facts.fact_writer import chunks_of, write_passages
from tasks.knowledge.facts.site_facts import is_stated_for_site
from tasks.records.fact_records import FactRecord, read_site_facts, read_stored_page, save_fact_edit
from tasks.records.widget_vocabulary import count_words
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
    await write_passages(pool, embedder, job_id, page, chunks_of(page, told, embedder.model))
    async with pool.connection() as connection:
        await count_words(connection, widget_id, job_id)
    return edited
