"""Search beside 1,000 large widgets: planning, p95 and recall. Each has indexes of its own, and PostgreSQL looks at all
of a table.

Large means more than `INDEXED_CHUNKS` passages: from there on a widget has indexes. Four of the thousand are, with the
documentation's passages, and are searched; the others are small, and indexed like large ones: planning depends on the
number of indexes, not on their size.
"""

import asyncio
import random
import re
from functools import partial
from statistics import fmean, median

from rich.table import Table

from tasks.core.database import Pool
from tasks.core.models import Chunk, ChunkedPage, EmbeddedPage, Job, ReadPage, Target
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.knowledge.indexing.chunks import text_hash
from tasks.knowledge.indexing.vector_index import INDEXED_CHUNKS, index_build
from tasks.knowledge.search import passage_search
from tasks.records.chunk_tables import chunk_table
from tests.benchmarks.knowledge import embed_pages, open_database, read_docs, store_widget, vary
from tests.benchmarks.python_docs import find_docs
from tests.benchmarks.scores import Scores
from tests.benchmarks.search_latency import CLIENTS, RECALL, SAME, find_nearest, measure_searches, settle

LARGE_WIDGETS, PASSAGES_EACH = 4, INDEXED_CHUNKS + 1_000
WIDGETS = (10, 200, 1_000 - LARGE_WIDGETS)
SEARCHES, REPEATS = 15, 8
TARGET_MS = 2.0
P95_S = 0.060
EMBEDDER = LocalEmbedder(None)
_DEFINITIONS = "SELECT indexdef FROM pg_indexes WHERE indexname LIKE %s"


async def run(scores: Scores) -> None:
    """Add widgets with their indexes step by step, print the time that planning takes, and search the large ones."""
    table = Table("widgets with indexes", "planning, median", "execution, median", title="One search")
    async with open_database() as pool:
        first = await store_widget(pool, [make_page(random.Random(0))])
        await index_build(pool, first, more_than=0)
        jobs = [first]
        for number in WIDGETS:
            jobs += [await store_widget(pool, [make_page(random.Random(n))]) for n in range(len(jobs), number)]
            await _index_like(pool, first, jobs)
            planning, execution = await _measure(pool, random.Random(1).choices(jobs, k=SEARCHES))
            table.add_row(f"{number:,}", f"{planning:.2f} ms", f"{execution:.2f} ms")
        scores.console.print(table)
        await _search_large(scores, pool, len(jobs))


async def _search_large(scores: Scores, pool: Pool, others: int) -> None:
    """Add the large widgets, and search them: planning, p95, and what the index finds of the nearest."""
    number = others + LARGE_WIDGETS
    read = await asyncio.to_thread(lambda: vary(read_docs(find_docs(None)), LARGE_WIDGETS * PASSAGES_EACH))
    pages = await asyncio.to_thread(lambda: list(embed_pages(read)))
    share = len(pages) // LARGE_WIDGETS
    jobs = [await store_widget(pool, pages[n * share : (n + 1) * share]) for n in range(LARGE_WIDGETS)]
    exact = [await find_nearest(pool, job) for job in jobs]
    for job in jobs:
        if not await index_build(pool, job):
            raise RuntimeError("the index was not made")
    await settle(pool)
    planning, _ = await _measure(pool, jobs)
    times = await measure_searches(pool, jobs)
    found = [await find_nearest(pool, job) for job in jobs]
    pairs = [pair for wanted, got in zip(exact, found, strict=True) for pair in zip(wanted, got, strict=True)]
    recall = fmean(len(wanted & got) / len(wanted) for wanted, got in pairs)
    where = f"{number:,} large widgets"
    scores.at_most(f"planning a search beside {where}", planning, TARGET_MS, "ms")
    scores.at_most(f"search beside {where}, {CLIENTS} clients, p95", times.quantile(0.95), P95_S)
    scores.at_least(f"search beside {where} by index: of the {SAME} nearest", recall, RECALL, "")


def make_page(choice: random.Random) -> EmbeddedPage:
    """Return a page of a few passages with random vectors."""
    vectors = [to_vector([choice.gauss(0, 1) for _ in range(256)]) for _ in range(4)]
    texts = [f"Passage {number} of {choice.random()}." for number in range(3)]
    chunks = tuple(
        Chunk(position=n, heading_path=(), text=text, token_count=9, content_hash=text_hash(text))
        for n, text in enumerate(texts)
    )
    url = f"https://example.com/{choice.random()}"
    read = ReadPage(target=Target(url=url, depth=1), url=url, title="A page", markdown="\n\n".join(texts))
    chunked = ChunkedPage(page=read, chunks=chunks, token_count=27, content_hash=text_hash(read.markdown))
    return EmbeddedPage(chunked=chunked, model=LOCAL_MODEL, page_vector=vectors[0], chunk_vectors=tuple(vectors[1:]))


async def _index_like(pool: Pool, first: Job, jobs: list[Job]) -> None:
    """Give every widget the first one's indexes; without CONCURRENTLY, which waits for others each time."""
    async with pool.connection() as connection:
        rows = await connection.execute(_DEFINITIONS, (f"stored_chunks_%_{first.widget_id.hex}",))
        definitions = [row[0] for row in await rows.fetchall()]
        for job in jobs:
            for definition in definitions:
                own = definition.replace(first.widget_id.hex, job.widget_id.hex)
                own = own.replace(str(first.widget_id), str(job.widget_id)).replace("INDEX ", "INDEX IF NOT EXISTS ")
                await connection.execute(re.sub(r"stored_chunks_\d\d", chunk_table(job.widget_id), own))
        await connection.execute("ANALYZE stored_chunks")


async def _measure(pool: Pool, jobs: list[Job]) -> tuple[float, float]:
    """Return the median milliseconds of planning and of execution, each the shortest of some."""
    times = []
    for job in jobs:
        prepared = await passage_search._prepare(pool, EMBEDDER, job.widget_id, "A passage of the page", 8)
        assert prepared is not None
        assert prepared.build.is_indexed
        limits = {"nearest": 60, "matching": 60, "per_page": 3, "limit": 30}
        weights = {"passage_weight": 1.0, "page_weight": 1.0, "words_weight": 1.0}
        parameters = prepared.parameters | limits | weights
        statement = "EXPLAIN (ANALYZE, TIMING OFF) " + passage_search._indexed_search(
            prepared.build, parameters
        ).as_string(None)
        async with pool.connection() as connection:
            # The first search of a connection reads the catalogue; a busy machine lengthens others.
            plans = [await (await connection.execute(statement, parameters)).fetchall() for _ in range(REPEATS)]
        times.append([min(map(partial(_read_time, name), plans)) for name in ("Planning Time", "Execution Time")])
    return median(each[0] for each in times), median(each[1] for each in times)


def _read_time(name: str, plan: list[tuple[str]]) -> float:
    return next(float(line.split()[2]) for (line,) in plan if line.startswith(name))
