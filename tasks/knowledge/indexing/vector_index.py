"""Partial indexes for each widget with a large build; smaller builds are searched exactly, by a scan.

A scan takes time in proportion to the build's chunks. The widget of a large build gets two indexes over its own chunks
alone, so that its results do not depend on other widgets: one of vectors (HNSW), one of words (GIN). With one index of
words for all, filtering out the others' chunks took a third of a search's processor time. A re-crawl adds its new
chunks to them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from tasks.core.database import Connection, Pool
from tasks.core.models import Job
from tasks.records.chunk_tables import JOB_CONTENT, chunk_table

logger = logging.getLogger(__name__)

LEAD: LiteralString = "(subvector(embedding, 1, 256)::halfvec(256))"
"""SQL: the leading dimensions of a chunk's vector (`LEAD_DIMENSIONS`)."""
INDEXED_CHUNKS = 3_000
"""Chunks above which a build gets indexes.

p95 by scan and by index, 8 concurrent clients on 2 cores (`python -m tests.benchmarks search_latency`): 3,000 chunks 65
and 39 ms, 10,000 114 and 52 ms, 20,000 155 and 47 ms, 50,000 316 and 61 ms. The indexes are created after the build's
completion event, in 1, 2, 3 and 8 s. Small builds get none: each index of a partition is checked whenever a chunk
is stored in it.
"""
BUILD_MEMORY = "256MB"
"""Memory for index creation, enough for 50,000 vectors and their neighbours; beyond it, creation takes several times as
long."""
POLL_INTERVAL_S = 1.0
"""Seconds between two attempts to get the lock."""
_METHODS = {"words": sql.SQL("gin (knowledge_numbers(terms))"), "near": sql.SQL(f"hnsw ({LEAD} halfvec_cosine_ops)")}
_LOCK = 7_302_115_020
IS_INDEXED: LiteralString = """EXISTS (
    SELECT FROM pg_index WHERE indisvalid
    AND indexrelid = to_regclass('stored_chunks_near_' || replace(id::text, '-', ''))
)"""
"""SQL over a row of `widgets`: whether it has indexes; the vector index is created last."""


async def index_build(pool: Pool, job: Job, *, more_than: int = INDEXED_CHUNKS) -> bool:
    """Create the widget's indexes if the build has more chunks than that, and drop those that serve no widget.

    Searches and other builds continue meanwhile. After a failure the build is searched exactly.

    Returns:
        Whether the widget has them now.
    """
    return await _index(pool, job.build_id, job.widget_id, more_than)


async def index_all(pool: Pool, *, more_than: int = INDEXED_CHUNKS) -> int:
    """Create the indexes of all widgets with a large build, as after a restoration; return their number."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT active_job_id, id FROM widgets WHERE active_job_id IS NOT NULL")
        found = await rows.fetchall()
    return sum([await _index(pool, build_id, widget_id, more_than) for build_id, widget_id in found])


async def _index(pool: Pool, build_id: UUID, widget_id: UUID, more_than: int) -> bool:
    try:
        async with pool.connection() as connection, _index_lock(connection):
            await _drop_unused(connection)
            is_large = await _is_large(connection, build_id, widget_id, more_than)
            if is_large:
                await _create(connection, widget_id)
            return is_large
    except psycopg.Error as error:
        logger.warning("widget %s stays without a vector index: %s", widget_id, str(error).split("\n", 1)[0])
        return False


@asynccontextmanager
async def _index_lock(connection: Connection) -> AsyncIterator[None]:
    """Hold the advisory lock on these indexes: an invalid index is then a leftover, not one under construction.

    The lock is polled: CREATE INDEX CONCURRENTLY would wait for a statement that waits for a lock.
    """
    while True:
        rows = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        if (await rows.fetchone() or (False,))[0]:
            break
        await asyncio.sleep(POLL_INTERVAL_S)
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


async def _create(connection: Connection, widget_id: UUID) -> None:
    await connection.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
    try:
        for kind, method in _METHODS.items():
            await connection.execute(
                sql.SQL(
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table}"
                    " USING {method} WHERE widget_id = {widget}"
                ).format(
                    name=sql.Identifier(f"stored_chunks_{kind}_{widget_id.hex}"),
                    table=sql.Identifier(chunk_table(widget_id)),
                    method=method,
                    widget=sql.Literal(widget_id),
                )
            )
    finally:
        await connection.execute("RESET maintenance_work_mem")


async def _is_large(connection: Connection, build_id: UUID, widget_id: UUID, more_than: int) -> bool:
    rows = await connection.execute(
        f"SELECT FROM {chunk_table(widget_id)} WHERE scraped_page_id = ANY(ARRAY({JOB_CONTENT}))"
        " OFFSET %(more_than)s LIMIT 1",
        {"job": build_id, "more_than": more_than},
    )
    return await rows.fetchone() is not None


_UNUSED_INDEXES = """
SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
WHERE relname ~ '^stored_chunks_(near|words)_[0-9a-f]{32}$' AND (NOT indisvalid OR NOT EXISTS (
    SELECT FROM widgets WHERE replace(id::text, '-', '') = right(relname, 32)
))
"""


async def _drop_unused(connection: Connection) -> None:
    rows = await connection.execute(_UNUSED_INDEXES)
    for (name,) in await rows.fetchall():
        await connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))
