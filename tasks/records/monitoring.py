"""Figures and checks of the database for monitoring."""

from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.models import Frozen

WAITING_S = 60
"""Seconds after which a build that waits, while none is running, means that no worker takes it."""


class RecordCounts(Frozen):
    """Number of widgets and builds in the database."""

    widgets: int
    builds: dict[str, int]
    """Builds by status; a status without builds is missing."""


async def count_records(pool: Pool, timeout_s: float) -> RecordCounts:
    """Count widgets, and builds by status.

    Raises:
        psycopg_pool.PoolTimeout: no connection within `timeout_s`.
        psycopg.Error: the database failed.
    """
    async with pool.connection(timeout=timeout_s) as connection:
        rows = await connection.execute("SELECT status, count(*) FROM scrape_jobs GROUP BY status")
        builds: dict[str, int] = {row[0]: row[1] for row in await rows.fetchall()}
        row = await (await connection.execute("SELECT count(*) FROM widgets")).fetchone()
    return RecordCounts(widgets=row[0] if row else 0, builds=builds)


async def check_waiting_builds(pool: Pool, timeout_s: float, uptime_s: float) -> None:
    """Return unless builds wait although none is running; `uptime_s`: a stack that has just started needs a moment.

    Raises:
        DependencyUnavailable: no worker takes them.
        psycopg_pool.PoolTimeout: no connection within `timeout_s`.
        psycopg.Error: the database failed.
    """
    if uptime_s < WAITING_S:
        return
    async with pool.connection(timeout=timeout_s) as connection:
        rows = await connection.execute(
            "SELECT count(*) FILTER (WHERE status = 'pending'"
            "   AND coalesce(heartbeat_at, created_at) < now() - %(seconds)s * interval '1 second'),"
            " count(*) FILTER (WHERE status = 'running' AND heartbeat_at > now() - %(seconds)s * interval '1 second')"
            " FROM scrape_jobs WHERE status IN ('pending', 'running')",
            {"seconds": WAITING_S},
        )
        row = await rows.fetchone()
    if row is not None and row[0] and not row[1]:
        raise DependencyUnavailable(
            "Worker",
            f"{row[0]} builds have waited for over {WAITING_S} s and none is running:"
            " all its places may be taken by runs whose builds have ended",
            "restart the worker, and see worker.log",
        )


async def check_database(pool: Pool, timeout_s: float) -> None:
    """Return when the database answers and has the schema.

    Raises:
        psycopg_pool.PoolTimeout: no connection within `timeout_s`.
        psycopg.Error: the database failed, or the schema is missing.
    """
    async with pool.connection(timeout=timeout_s) as connection:
        await connection.execute("SELECT 1 FROM widgets LIMIT 1")
