"""Figures and checks of the database for monitoring."""

from tasks.core.database import Pool
from tasks.core.models import Frozen


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


async def check_database(pool: Pool, timeout_s: float) -> None:
    """Return when the database answers and has the schema.

    Raises:
        psycopg_pool.PoolTimeout: no connection within `timeout_s`.
        psycopg.Error: the database failed, or the schema is missing.
    """
    async with pool.connection(timeout=timeout_s) as connection:
        await connection.execute("SELECT 1 FROM widgets LIMIT 1")
