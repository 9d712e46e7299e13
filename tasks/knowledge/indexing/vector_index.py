"""Indexes of its own for a build with very many chunks; others are compared one by one, exactly.

Comparing all chunks of a build takes time in proportion to them. Indexes for each large build have only its chunks, so
that what they find does not depend on who else is there: one of vectors (HNSW), one of words (GIN). With one of words
for all builds, telling the build's chunks from others' took a third of a search's processor time.
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

logger = logging.getLogger(__name__)

LEAD = 256
"""Numbers at a vector's beginning that are compared first, in `knowledge_chunks.lead`: all that the local model's have;
OpenAI's are trained so that their beginnings can be compared (Matryoshka representations, NeurIPS 2022)."""
INDEXED_CHUNKS = 3_000
"""A build with more has indexes.

By comparing all and by index, p95 of 8 clients at once on 2 cores (`python -m tests.benchmarks search_latency`): 3,000
chunks 65 and 39 ms, 10,000 114 and 52 ms, 20,000 155 and 47 ms, 50,000 316 and 61 ms. Indexes are made once the build
has been told to be complete, in 1, 2, 3 and 8 s. Fewer are better off without: each index is looked at whenever a chunk
of any build is stored.
"""
SEARCH_WIDTH = 200
"""Neighbours HNSW keeps in view (`hnsw.ef_search`)."""
BUILD_MEMORY = "256MB"
"""50,000 vectors and their neighbours: beyond it, making the index takes several times as long."""
ASK_AGAIN_S = 1.0
_METHODS = {"words": sql.SQL("gin (search)"), "near": sql.SQL("hnsw (lead halfvec_cosine_ops)")}
_LOCK = 7_302_115_020
IS_INDEXED: LiteralString = """EXISTS (
    SELECT FROM pg_index WHERE indisvalid
    AND indexrelid = to_regclass('knowledge_chunks_near_' || replace(active_job_id::text, '-', ''))
)"""
"""Of a row of `widgets`: whether the build it answers from has its indexes; the one of vectors is made last."""


async def index_build(pool: Pool, build_id: UUID, *, more_than: int = INDEXED_CHUNKS) -> bool:
    """Whether the build now has indexes: made if it has more chunks than that; those that serve no widget are dropped.

    Searches and other builds go on meanwhile. What fails leaves exact search.
    """
    try:
        async with pool.connection() as connection, _alone(connection):
            await _drop_old(connection)
            is_large = await _is_large(connection, build_id, more_than)
            if is_large:
                await _create(connection, build_id)
            return is_large
    except psycopg.Error as error:
        logger.warning("build %s stays without a vector index: %s", build_id, str(error).split("\n", 1)[0])
        return False


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[None]:
    """Nobody else makes or drops such an index: one that is not valid is left over, not in the making.

    Asked for again and again, as a statement that waits for a lock is one that index creation waits for.
    """
    while True:
        rows = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        if (await rows.fetchone() or (False,))[0]:
            break
        await asyncio.sleep(ASK_AGAIN_S)
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


async def _create(connection: Connection, build_id: UUID) -> None:
    await connection.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
    try:
        for kind, method in _METHODS.items():
            await connection.execute(
                sql.SQL(
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON knowledge_chunks"
                    " USING {method} WHERE job_id = {build}"
                ).format(
                    name=sql.Identifier(f"knowledge_chunks_{kind}_{build_id.hex}"),
                    method=method,
                    build=sql.Literal(build_id),
                )
            )
    finally:
        await connection.execute("RESET maintenance_work_mem")


async def widen_search(connection: Connection) -> None:
    """Let the transaction's searches keep more neighbours in view, and go on until there are as many as asked for."""
    await connection.execute(
        "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true)",
        (str(SEARCH_WIDTH),),
    )


async def _is_large(connection: Connection, build_id: UUID, more_than: int) -> bool:
    rows = await connection.execute(
        "SELECT FROM knowledge_chunks WHERE job_id = %s OFFSET %s LIMIT 1", (build_id, more_than)
    )
    return await rows.fetchone() is not None


_OLD = """
SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
WHERE relname ~ '^knowledge_chunks_(near|words)_[0-9a-f]{32}$' AND (NOT indisvalid OR NOT EXISTS (
    SELECT FROM widgets WHERE replace(active_job_id::text, '-', '') = right(relname, 32)
))
"""


async def _drop_old(connection: Connection) -> None:
    rows = await connection.execute(_OLD)
    for (name,) in await rows.fetchall():
        await connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))
