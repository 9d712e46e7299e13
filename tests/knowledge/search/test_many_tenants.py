"""A small widget beside a large one: found, and deleted, as if it were alone; a million: `tests.benchmarks tenants`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import LiteralString

import pytest

from tasks.core.database import Pool, open_pool
from tasks.core.models import Job
from tasks.knowledge.embedding.embedder import Vector
from tasks.knowledge.indexing.vector_index import index_build
from tasks.records.chunk_tables import chunk_table
from tasks.records.schema import migrate
from tests.knowledge.material import count
from tests.knowledge.tenants import delete_tenant, find_rows, make_tenant, multiply, nearest_rows, random_rows
from tests.records.databases import new_database

QUESTIONS = ("a bean", "the soup of the day", "what is it", "opening hours", "who repairs lamps")
TENANT, LARGE, TIMES = 600, 100, 60
LIKE_A_MILLION: tuple[LiteralString, ...] = (
    "hnsw.max_scan_tuples = 100",
    "enable_seqscan = off",
    "enable_sort = off",
)
"""An index search may look at 100 rows of 6,600, as at 20,000 of more than a million; and indexes are used as there."""


@dataclass(frozen=True)
class Crowd:
    """A partition with a large widget and a small one, in a database of their own."""

    pool: Pool
    large: Job
    small: Job
    rows: list[Vector]
    """Those of the small one."""


@pytest.fixture(scope="module")
async def crowd(postgres_url: str) -> AsyncIterator[Crowd]:
    """Both have indexes, and the rows of the large one are as near to any question as those of the small one."""
    url = new_database(postgres_url)
    await asyncio.to_thread(migrate, url)
    async with open_pool(url) as pool, pool.connection() as connection:
        for setting in LIKE_A_MILLION:
            await connection.execute(
                f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting}', current_database()); END $$"
            )
    async with open_pool(url) as pool:
        large = await make_tenant(pool, random_rows(LARGE, 1))
        await multiply(pool, large, TIMES)
        rows = random_rows(TENANT, 2)
        small = await make_tenant(pool, rows, beside=large)
        assert await index_build(pool, large, more_than=TENANT)
        yield Crowd(pool, large, small, rows)


async def chunks_of(crowd: Crowd, job: Job) -> int:
    """The number of the widget's chunks."""
    return await count(
        crowd.pool, f"SELECT count(*) FROM {chunk_table(job.widget_id)} WHERE widget_id = %s", job.widget_id
    )


@pytest.mark.parametrize("is_indexed", [False, True])
async def test_a_small_widget_is_searched_as_if_it_were_alone(crowd: Crowd, is_indexed: bool) -> None:
    """As many as asked for, and of the nearest ten at least 95 %."""
    assert await index_build(crowd.pool, crowd.small, more_than=1 if is_indexed else TENANT) is is_indexed
    same = 0
    for question in QUESTIONS:
        for number in (1, 10, 50):
            assert len(await find_rows(crowd.pool, crowd.small, question, number)) == number
        found = await find_rows(crowd.pool, crowd.small, question, 10)
        same += len({*found} & {*await nearest_rows(crowd.rows, question, 10)})
    assert same >= 0.95 * 10 * len(QUESTIONS)


async def test_a_deleted_widget_leaves_nothing_and_takes_nothing_along(crowd: Crowd) -> None:
    """The one that goes may be the small one or a large one."""
    third = await make_tenant(crowd.pool, random_rows(LARGE, 3), beside=crowd.large)
    await multiply(crowd.pool, third, 10)
    before = [await find_rows(crowd.pool, crowd.small, question, 10) for question in QUESTIONS]
    await delete_tenant(crowd.pool, third)
    left = [await chunks_of(crowd, job) for job in (third, crowd.large, crowd.small)]
    assert left == [0, LARGE * TIMES, TENANT]
    assert [await find_rows(crowd.pool, crowd.small, question, 10) for question in QUESTIONS] == before
