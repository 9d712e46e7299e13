"""The indexes of a large build: created above a size, used, as good as exact search, dropped when unused."""

import numpy as np

from tasks.core.database import Pool
from tasks.core.models import Job, RatedPassage
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.indexing.vector_index import index_build
from tasks.knowledge.search.passage_search import find_passages, search
from tasks.knowledge.search.rankings import Ranking
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
    return await count(pool, "SELECT count(*) FROM pg_class WHERE right(relname, 32) = %s", job.build_id.hex) == 2


async def test_a_large_build_is_found_through_its_index_as_without(pool: Pool) -> None:
    """The same passages by meaning, in the same order; one with a rare word is among the first."""
    job = await large_job(pool)

    async def ask(question: str) -> list[RatedPassage]:
        return await find_passages(pool, EMBEDDER, job.widget_id, question, by=Ranking.vector)

    assert not await index_build(pool, job.build_id, more_than=400)
    questions = ("a bean", "soup", "what is it", "'quoted' \\ bean")
    exact = [await ask(question) for question in questions]
    assert await index_build(pool, job.build_id, more_than=399)
    assert await is_indexed(pool, job)
    assert [await ask(question) for question in questions] == exact
    found = await search(pool, EMBEDDER, job.widget_id, "beans of sort7x3")
    assert any("Bean sort7x3." in passage.text for passage in found)


async def test_an_index_goes_when_its_build_no_longer_answers(pool: Pool) -> None:
    """After a re-crawl the new build has one, the old none."""
    old = await large_job(pool)
    await index_build(pool, old.build_id, more_than=100)
    new = await large_job(pool, old)
    assert await index_build(pool, new.build_id, more_than=100)
    assert (await is_indexed(pool, old), await is_indexed(pool, new)) == (False, True)
