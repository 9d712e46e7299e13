"""Latency of `search`: with many widgets in one database, and in one widget with very many passages.

`search` is called as the route calls it, the question's embedding included; clients ask one question after the other.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rich.table import Table

from tasks.core.database import Pool
from tasks.core.models import EmbeddedPage, Job
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.vector_index import INDEXED_CHUNKS, index_build
from tasks.knowledge.search.passage_search import find_passages, search
from tasks.knowledge.search.rankings import Ranking
from tests.benchmarks.knowledge import CHUNKS_A_PAGE, embed_pages, open_database, read_docs, store_widget, vary
from tests.benchmarks.python_docs import find_docs
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.scores import Scores

WIDGETS, CHUNKS_EACH = 200, 500
LARGE = (INDEXED_CHUNKS, 10_000, 20_000, 50_000)
CLIENTS = 8
SEARCHES = 800
WARM_UP = 80
MANY_S, LARGE_S = 0.050, 0.100
SAME, RECALL = 10, 0.95
EMBEDDER = LocalEmbedder(None)


@dataclass(frozen=True)
class Times:
    """Durations of searches in seconds."""

    each: Sequence[float]
    all_s: float

    def quantile(self, share: float) -> float:
        """Return the duration that this share of the searches did not exceed."""
        return sorted(self.each)[int(share * (len(self.each) - 1))]

    def cells(self) -> list[str]:
        """Return the cells of a table's row."""
        times = [f"{1000 * self.quantile(share):.0f} ms" for share in (0.5, 0.95)]
        return [*times, f"{len(self.each) / self.all_s:.0f}/s"]


async def run(scores: Scores) -> None:
    """Store the widgets, search, print the durations and the recall of the index."""
    await report(scores, find_docs(None))


async def report(scores: Scores, docs: Path) -> None:
    """Run with this folder of the documentation."""
    pages = await asyncio.to_thread(lambda: list(embed_pages(vary(read_docs(docs), max(LARGE)))))
    table = Table("", "compared", "median", "p95", "speed", "same 10", title=f"Search, {CLIENTS} clients at once")
    async with open_database() as pool:
        jobs = await _store_many(pool, pages)
        times = await measure_searches(pool, jobs)
        table.add_row(f"{WIDGETS} widgets of {CHUNKS_EACH} passages", "all of a widget", *times.cells(), "")
        scores.at_most(f"search in {WIDGETS} widgets of {CHUNKS_EACH} passages, p95", times.quantile(0.95), MANY_S)
        for size in LARGE:
            job = await store_widget(pool, pages[: len(pages) * size // max(LARGE)])
            await settle(pool)
            name = f"a widget of {size:,} passages"
            exact = await measure_searches(pool, [job])
            wanted = await find_nearest(pool, job)
            table.add_row(name, "all", *exact.cells(), "")
            seconds = await _index(pool, job)
            through = await measure_searches(pool, [job])
            found = await find_nearest(pool, job)
            same = [len(a & b) / len(a) for a, b in zip(wanted, found, strict=True)]
            table.add_row("", f"index ({seconds:.1f} s to make)", *through.cells(), f"{fmean(same):.3f}")
            answers = through if size > INDEXED_CHUNKS else exact
            scores.at_most(f"search in {name}, p95", answers.quantile(0.95), LARGE_S)
            scores.at_least(f"search in {name} by index: of the {SAME} nearest", fmean(same), RECALL, "")
    scores.console.print(table)


async def _store_many(pool: Pool, pages: Sequence[EmbeddedPage]) -> list[Job]:
    """Store the small widgets, each with other pages than the next."""
    step = CHUNKS_EACH // CHUNKS_A_PAGE
    places = itertools.cycle(range(0, len(pages) - step + 1, step))
    jobs = [await store_widget(pool, pages[at : at + step]) for at in itertools.islice(places, WIDGETS)]
    await settle(pool)
    return jobs


async def settle(pool: Pool) -> None:
    """Vacuum and analyse, as autovacuum would a minute later."""
    async with pool.connection() as connection:
        await connection.execute("VACUUM ANALYZE stored_chunks, stored_pages")


async def _index(pool: Pool, job: Job) -> float:
    """Build the widget's index and return the seconds it took."""
    began = time.monotonic()
    if not await index_build(pool, job, more_than=0):
        raise RuntimeError("the index was not made")
    return time.monotonic() - began


async def measure_searches(pool: Pool, jobs: Sequence[Job]) -> Times:
    """Search from all clients at once, each asking a random widget as soon as it has its last answer."""
    await _ask(pool, jobs, WARM_UP)
    began = time.monotonic()
    each = await _ask(pool, jobs, SEARCHES)
    return Times(each, time.monotonic() - began)


async def _ask(pool: Pool, jobs: Sequence[Job], number: int) -> list[float]:
    source = random.Random(7)
    waiting = iter([(source.choice(jobs), source.choice(QUESTIONS).text) for _ in range(number)])
    times = []

    async def client() -> None:
        for job, question in waiting:
            began = time.monotonic()
            await search(pool, EMBEDDER, job.widget_id, question)
            times.append(time.monotonic() - began)

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(client())
    return times


async def find_nearest(pool: Pool, job: Job) -> list[set[tuple[str, str]]]:
    """Return for each question the passages with the nearest vectors."""
    return [
        {
            (passage.url, passage.text)
            for passage in await find_passages(
                pool, EMBEDDER, job.widget_id, question.text, SAME, per_page=SAME, by=Ranking.vector
            )
        }
        for question in QUESTIONS
    ]
