"""Locks that tell whether a flow run's process is alive, for runs without a build of their own.

A lock of a database session ends with its connection, and so with the process, whatever ended that.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from tasks.core.database import Pool

_KEY_BITS = 63
"""Bits of a run's id that make the key: a signed 64-bit number."""


@asynccontextmanager
async def hold_run(pool: Pool, run_id: UUID) -> AsyncIterator[None]:
    """Hold the run's lock; wait first for an earlier process of the run that is still ending."""
    async with pool.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_key(run_id),))
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (_key(run_id),))


async def find_free(pool: Pool, run_ids: Collection[UUID]) -> set[UUID]:
    """Return the runs whose locks no process holds."""
    async with pool.connection() as connection, connection.transaction():
        # Held until the transaction ends, a moment later: a process that starts meanwhile waits.
        rows = await connection.execute(
            "SELECT run FROM unnest(%s::uuid[], %s::bigint[]) AS asked (run, key) WHERE pg_try_advisory_xact_lock(key)",
            (list(run_ids), [_key(run_id) for run_id in run_ids]),
        )
        return {row[0] for row in await rows.fetchall()}


def _key(run_id: UUID) -> int:
    return int(run_id.int % 2**_KEY_BITS)
