"""The way to PostgreSQL: one pool a process, pgvector's types registered."""

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
"""What is raised while the server is away; a full or exhausted pool included."""


async def _configure(connection: Connection) -> None:
    await register_vector_async(connection)
    # A search takes milliseconds; PostgreSQL would compile it for a hundred, for what it expects of a large site.
    await connection.execute("SET jit = off")
    # Nor is it planned anew for each question: that took a sixth of its time.
    await connection.execute("SET plan_cache_mode = force_generic_plan")


@asynccontextmanager
async def open_pool(database_url: str, *, most: int = 10) -> AsyncIterator[Pool]:
    """A connection pool that is ready to use; closed on leaving.

    Raises:
        DependencyUnavailable: the server does not answer or has no `vector` extension.
    """
    pool: Pool = AsyncConnectionPool(
        database_url, min_size=1, max_size=most, open=False, configure=_configure, kwargs={"autocommit": True}
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
