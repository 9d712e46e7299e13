"""The failed and skipped pages of a build by cause, with examples."""

from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.models import Frozen

CAUSES = 20
"""Most causes that are read, the most frequent first."""
EXAMPLES = 5
"""Most URLs of a cause."""


class PageCause(Frozen):
    """A cause with its pages."""

    status: str
    """`failed` or `skipped`."""
    cause: str
    count: int
    urls: list[str]


async def read_causes(pool: Pool, build_id: UUID) -> list[PageCause]:
    """Return the causes of the build's pages that were not used, failures first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(PageCause)) as cursor:
        await cursor.execute(
            "SELECT status, coalesce(error, reason, '') AS cause, count(*) AS count,"
            " (array_agg(url ORDER BY place, position))[:%(examples)s] AS urls FROM crawl_urls"
            " WHERE job_id = %(build)s AND status IN ('failed', 'skipped')"
            " GROUP BY status, coalesce(error, reason, '') ORDER BY status, count(*) DESC, cause LIMIT %(causes)s",
            {"build": build_id, "examples": EXAMPLES, "causes": CAUSES},
        )
        return await cursor.fetchall()
