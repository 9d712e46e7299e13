"""Small widgets in a database with a million passages of others, all in one partition: recall, time, deletion.

The others' vectors are as near to any question as those of the small ones, so that an index that all share would find
theirs first. Twenty of them have 50,000 passages each, with indexes of their own; `BENCH_TENANTS` is another number.
"""

import os
import time
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from tasks.core.database import Pool
from tasks.core.models import Job
from tasks.knowledge.embedding.embedder import Vector
from tasks.knowledge.indexing.vector_index import INDEXED_CHUNKS, index_build
from tests.benchmarks.knowledge import open_database
from tests.benchmarks.scores import Scores
from tests.knowledge.tenants import delete_tenant, find_rows, make_tenant, multiply, nearest_rows, random_rows

OTHERS, ROWS, TIMES = int(os.environ.get("BENCH_TENANTS", "20")), 200, 250
SMALL = (60, 1_000, INDEXED_CHUNKS + 1_000)
"""Passages of the small widgets; the last is indexed too."""
QUESTIONS = tuple(f"what do you know about number {n}" for n in range(20))
RESULTS, RECALL = 10, 0.95
SEARCH_S, DELETE_S, DELETE_LARGE_S = 0.1, 2.0, 60.0


@dataclass(frozen=True)
class Tenant:
    """A small widget with its rows."""

    job: Job
    rows: list[Vector]


async def run(scores: Scores) -> None:
    """Store a million passages, search the small widgets, delete one and one of the others."""
    async with open_database() as pool:
        began = time.monotonic()
        others = [await make_tenant(pool, random_rows(ROWS, 0))]
        tenants = [await _add(pool, size, others[0]) for size in SMALL]
        others += [await make_tenant(pool, random_rows(ROWS, n), beside=others[0]) for n in range(1, OTHERS)]
        for other in others:
            await multiply(pool, other, TIMES)
            await index_build(pool, other)
        async with pool.connection() as connection:
            await connection.execute("VACUUM ANALYZE stored_chunks, stored_pages")
        scores.console.print(f"stored and indexed in {time.monotonic() - began:.0f} s", style="dim")
        table = Table(
            "widget", "of the nearest 10", "a search, median", title=f"Beside {OTHERS * ROWS * TIMES:,} passages"
        )
        for tenant in tenants:
            await _search(scores, table, pool, tenant)
        scores.console.print(table)
        for name, job, limit_s in (
            ("a small widget", tenants[0].job, DELETE_S),
            ("50,000", others[-1], DELETE_LARGE_S),
        ):
            began = time.monotonic()
            await delete_tenant(pool, job)
            scores.at_most(f"deletion of {name}", time.monotonic() - began, limit_s)
        await _search(scores, Table("", "", ""), pool, tenants[-1], after=" after deletions")


async def _add(pool: Pool, size: int, beside: Job) -> Tenant:
    rows = random_rows(size, size)
    job = await make_tenant(pool, rows, beside=beside)
    await index_build(pool, job)
    return Tenant(job, rows)


async def _search(scores: Scores, table: Table, pool: Pool, tenant: Tenant, *, after: str = "") -> None:
    same, fewest, times = 0, RESULTS, list[float]()
    await find_rows(pool, tenant.job, QUESTIONS[0], RESULTS)
    for question in QUESTIONS:
        began = time.monotonic()
        found = await find_rows(pool, tenant.job, question, RESULTS)
        times.append(time.monotonic() - began)
        fewest = min(fewest, len(found))
        same += len({*found} & {*await nearest_rows(tenant.rows, question, RESULTS)})
    recall = same / (RESULTS * len(QUESTIONS))
    name = f"{len(tenant.rows):,} passages{after}"
    table.add_row(name, f"{recall:.3f}", f"{1000 * median(times):.0f} ms")
    scores.at_least(f"{name}: of the {RESULTS} nearest", recall, RECALL, "")
    scores.at_least(f"{name}: results", fewest, RESULTS, "")
    scores.at_most(f"{name}: a search, median", median(times), SEARCH_S)
