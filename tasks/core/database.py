"""Connections to PostgreSQL: one pool per process, with pgvector's types registered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from tasks.core.errors import DependencyUnavailable

VECTOR_DIMENSIONS = 1536
"""Width of every stored vector; shorter ones are padded with zeros (cosine unchanged)."""

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
CONNECTION_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError)
"""Errors raised while the server cannot be reached; `PoolTimeout` of an exhausted pool is one of them."""
DISK_FULL = psycopg.errors.DiskFull
"""One of `CONNECTION_ERRORS` that no waiting mends."""

SEARCH_WIDTH = 200
"""Candidate list size of HNSW (`hnsw.ef_search`)."""


async def _configure(connection: Connection) -> None:
    await register_vector_async(connection)
    # A search takes milliseconds, but PostgreSQL's estimate for a large site is so high that it would spend a hundred
    # on JIT compilation.
    await connection.execute("SET jit = off")
    # Planning each search anew took a sixth of its time.
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    # For all searches of the connection: for each, in a transaction of its own, it took three of nine round trips. A
    # search goes on until it has the passages it wants, however many of other builds are nearer.
    await connection.execute(f"SET hnsw.ef_search = {SEARCH_WIDTH}")
    await connection.execute("SET hnsw.iterative_scan = strict_order")


@asynccontextmanager
async def open_pool(database_url: str, *, max_size: int = 10) -> AsyncIterator[Pool]:
    """Open a connection pool of at most `max_size` connections; closed on leaving.

    Raises:
        DependencyUnavailable: the server does not answer or lacks the `vector` extension.
    """
    pool: Pool = AsyncConnectionPool(
        database_url, min_size=1, max_size=max_size, open=False, configure=_configure, kwargs={"autocommit": True}
    )
    try:
        await pool.open(wait=True, timeout=15)
    except psycopg.Error as error:
        await pool.close()
        raise DependencyUnavailable("PostgreSQL", str(error), "see `widget-builder doctor`") from error
    try:
        yield pool
    finally:
        await pool.close()
