"""Counts for monitoring, and the readiness check."""

from uuid import uuid4

from tasks.core.database import Pool
from tasks.records.monitoring import check_database, count_records


async def test_widgets_and_builds_are_counted_by_status(pool: Pool) -> None:
    """A new widget and its pending build are one more each; the database answers."""
    await check_database(pool, 5)
    before = await count_records(pool, 5)
    async with pool.connection() as connection:
        await connection.execute(
            "WITH widget AS (INSERT INTO widgets (id, site_url) VALUES (gen_random_uuid(), %(url)s) RETURNING id)"
            " INSERT INTO scrape_jobs (id, widget_id, url, depth, max_pages) SELECT %(id)s, id, %(url)s, 1, 1"
            " FROM widget",
            {"id": uuid4(), "url": "https://a.example/"},
        )
    after = await count_records(pool, 5)
    assert after.widgets == before.widgets + 1
    assert after.builds["pending"] == before.builds.get("pending", 0) + 1
