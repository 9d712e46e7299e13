"""Figures of the whole product from its database, for monitoring: the same from whichever process reads them."""

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.models import Frozen


class DayOfBuilds(Frozen):
    """Builds that ended in the last 24 hours, with their pages."""

    completed: int
    failed: int
    cancelled: int
    scraped_pages: int
    failed_scrapes: int
    embedded_pages: int
    failed_embeddings: int
    stored_pages: int
    failed_stores: int
    skipped_pages: int
    added: int
    changed: int
    removed: int
    unchanged: int
    """Pages by what re-crawls found."""


class StoredFigures(Frozen):
    """Current state of the database."""

    oldest_waiting_s: float
    """Seconds that the oldest pending build has waited."""
    silent_builds: int
    """Running builds without a heartbeat for a minute."""
    pages: int
    chunks: int
    cached_vectors: int
    """Estimates of the planner's statistics, as counting reads the whole tables."""
    bytes: int
    model_tokens_today: int
    """Tokens of chat and embedding models charged to visitors since midnight (UTC)."""
    waiting_deliveries: int
    dead_deliveries: int
    """Webhook deliveries."""


_COUNTERS = (
    *("scraped_pages", "failed_scrapes", "embedded_pages", "failed_embeddings", "stored_pages", "failed_stores"),
    "skipped_pages",
)
_SUMS = ", ".join(f"coalesce(sum((statistics ->> '{name}')::int), 0)::int AS {name}" for name in _COUNTERS)
_CHANGES = ", ".join(
    f"coalesce(sum((object -> 'data' -> 'diff' ->> '{name}')::int), 0)::int AS {name}"
    for name in ("added", "changed", "removed", "unchanged")
)
_STATUSES = ", ".join(
    f"count(*) FILTER (WHERE status = '{name}')::int AS {name}" for name in ("completed", "failed", "cancelled")
)
# The last event of a completed build has its diff.
_DAY = (
    f"SELECT {_STATUSES}, {_SUMS}, {_CHANGES} FROM scrape_jobs AS job"
    " LEFT JOIN build_events ON status = 'completed' AND build_id = job.id AND seq = last_seq"
    " WHERE finished_at > now() - interval '1 day'"
)
_ESTIMATE = (
    "(SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class"
    " WHERE relname ~ '{}' AND relkind = 'r' AND relnamespace = current_schema()::regnamespace)"
)
_STORED = f"""
SELECT
    (SELECT coalesce(extract(epoch FROM max(now() - coalesce(heartbeat_at, created_at))), 0)::float
        FROM scrape_jobs WHERE status = 'pending') AS oldest_waiting_s,
    (SELECT count(*) FROM scrape_jobs
        WHERE status = 'running' AND heartbeat_at < now() - interval '1 minute') AS silent_builds,
    {_ESTIMATE.format("^stored_pages$")} AS pages,
    {_ESTIMATE.format("^stored_chunks_[0-9]+$")} AS chunks,
    {_ESTIMATE.format("^embedding_cache$")} AS cached_vectors,
    pg_database_size(current_database()) AS bytes,
    (SELECT coalesce(sum(amount), 0)::bigint FROM chat_usage
        WHERE scope = 'tokens' AND key = '' AND window_start = date_trunc('day', now(), 'UTC')) AS model_tokens_today,
    (SELECT count(*) FROM webhook_deliveries WHERE status = 'waiting') AS waiting_deliveries,
    (SELECT count(*) FROM webhook_deliveries WHERE status = 'dead') AS dead_deliveries
"""


async def read_product_figures(pool: Pool, timeout_s: float) -> tuple[DayOfBuilds, StoredFigures]:
    """Read all figures.

    Raises:
        psycopg_pool.PoolTimeout: no connection within `timeout_s`.
        psycopg.Error: the database failed.
    """
    async with pool.connection(timeout=timeout_s) as connection:
        async with connection.cursor(row_factory=class_row(DayOfBuilds)) as cursor:
            day = await (await cursor.execute(_DAY)).fetchone()
        async with connection.cursor(row_factory=class_row(StoredFigures)) as cursor:
            stored = await (await cursor.execute(_STORED)).fetchone()
    assert day is not None
    assert stored is not None
    return day, stored
