"""Counts for monitoring, and the readiness check."""

from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.models import BuildRequest
from tasks.records.builds import record_heartbeat, start_build
from tasks.records.monitoring import WAITING_S, check_database, check_waiting_builds, count_records
from tasks.records.new_builds import create_build


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


async def test_builds_that_wait_while_none_runs_are_reported(pool: Pool) -> None:
    """Not while another runs: they wait for its place; and not right after the start."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE scrape_jobs SET status = 'cancelled' WHERE status IN ('pending', 'running')")
    waiting, running = [
        (await create_build(pool, BuildRequest(url="https://a.example/", depth=1, max_pages=1))).build_id for _ in "ab"
    ]
    await check_waiting_builds(pool, 5, WAITING_S)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET created_at = now() - interval '2 minutes' WHERE id = %s", (waiting,)
        )
    with pytest.raises(DependencyUnavailable, match="1 builds have waited"):
        await check_waiting_builds(pool, 5, WAITING_S)
    await check_waiting_builds(pool, 5, 1)
    await start_build(pool, running, None)
    await record_heartbeat(pool, running)
    await check_waiting_builds(pool, 5, WAITING_S)
