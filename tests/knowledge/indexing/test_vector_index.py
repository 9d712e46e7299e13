"""The indexes of a large build: created above a size, used, as good as exact search, dropped when unused."""

import numpy as np
from pgvector import HalfVector

from tasks.core.database import Pool
from tasks.core.models import Job, RatedPassage
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.indexing.vector_index import LEAD, index_build
from tasks.knowledge.search.passage_search import find_passages, search
from tasks.knowledge.search.rankings import Ranking
from tasks.records.chunk_tables import chunk_table
from tasks.records.publication import activate_build
from tests.knowledge.material import count, new_job, page_of

EMBEDDER = LocalEmbedder(None)


async def large_job(pool: Pool, widget_of: Job | None = None) -> Job:
    """A build of forty pages with ten passages each, answering."""
    job = await new_job(pool, widget_of.widget_id if widget_of else None)
    numbers = np.random.default_rng(3).normal(size=(40, 10, 256))
    pages = [
        page_of(f"/{n}", [f"Bean sort{n}x{m}." for m in range(10)], list(map(to_vector, rows)), model=EMBEDDER.model)
        for n, rows in enumerate(numbers)
    ]
    await store_pages(pool, job.build_id, pages)
    await activate_build(pool, job, replace=True)
    return job


async def is_indexed(pool: Pool, job: Job) -> bool:
    """Whether the build has its indexes, that of vectors and that of words."""
    return await count(pool, "SELECT count(*) FROM pg_class WHERE right(relname, 32) = %s", job.widget_id.hex) == 2


async def test_a_large_build_is_found_through_its_index_as_without(pool: Pool) -> None:
    """The same passages by meaning, in the same order; one with a rare word is among the first."""
    job = await large_job(pool)

    async def ask(question: str) -> list[RatedPassage]:
        return await find_passages(pool, EMBEDDER, job.widget_id, question, by=Ranking.vector)

    assert not await index_build(pool, job, more_than=400)
    questions = ("a bean", "soup", "what is it", "'quoted' \\ bean")
    exact = [await ask(question) for question in questions]
    assert await index_build(pool, job, more_than=399)
    assert await is_indexed(pool, job)
    assert [await ask(question) for question in questions] == exact
    found = await search(pool, EMBEDDER, job.widget_id, "beans of sort7x3")
    assert any("Bean sort7x3." in passage.text for passage in found)


async def test_the_index_gives_as_many_passages_as_a_search_compares(pool: Pool) -> None:
    """Left alone, pgvector looks at forty and stops, and those of another build are passed over."""
    job = await large_job(pool)
    assert await index_build(pool, job, more_than=399)
    table, vector = chunk_table(job.widget_id), HalfVector(np.ones(256))
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        rows = await connection.execute(
            f"SELECT FROM {table} WHERE widget_id = '{job.widget_id}' AND position < 7"
            f" ORDER BY {LEAD} <=> %s LIMIT 240",
            (vector,),
        )
        assert len(await rows.fetchall()) == 240


async def test_a_recrawl_is_found_through_the_same_index(pool: Pool) -> None:
    """Only its own passages are, though the index holds those of the build before; it goes with the widget."""
    old = await large_job(pool)
    assert await index_build(pool, old, more_than=100)
    new = await new_job(pool, old.widget_id)
    vectors = list(map(to_vector, np.random.default_rng(4).normal(size=(101, 256))))
    await store_pages(
        pool, new.build_id, [page_of("/0", [f"New{m}." for m in range(101)], vectors, model=EMBEDDER.model)]
    )
    await activate_build(pool, new, replace=True)
    assert await index_build(pool, new, more_than=100)
    found = await find_passages(pool, EMBEDDER, new.widget_id, "a bean", 20, per_page=20)
    assert len(found) == 20
    assert all(passage.text.startswith("New") for passage in found)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE id = %s", (new.widget_id,))
    await index_build(pool, await new_job(pool), more_than=100)
    assert not await is_indexed(pool, new)
