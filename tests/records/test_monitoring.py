"""Counts for monitoring, and the readiness check."""

from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.events import EventType
from tasks.core.models import BuildRequest, Statistics
from tasks.records.build_events import append_event
from tasks.records.builds import record_heartbeat, start_build
from tasks.records.monitoring import WAITING_S, check_database, check_waiting_builds, count_records
from tasks.records.new_builds import create_build
from tasks.records.product_figures import read_product_figures
from tests.knowledge.material import draft, new_job


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


async def test_the_figures_of_the_whole_product_are_in_the_database(pool: Pool) -> None:
    """Builds that ended today with their pages, what re-crawls found, and builds that wait or are silent."""
    before, _ = await read_product_figures(pool, 5)
    job = await new_job(pool)
    statistics = Statistics(total_urls=3, scraped_pages=2, failed_scrapes=1, skipped={"robots": 4})
    diff = {"added": 1, "changed": 2, "removed": 3, "unchanged": 4}
    await append_event(pool, job.build_id, draft(EventType.builder_completed, data={"diff": diff}), statistics)
    await create_build(pool, BuildRequest(url="https://waits.example/", depth=1, max_pages=1))
    silent = await new_job(pool)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET heartbeat_at = now() - interval '2 minutes' WHERE id = %s", (silent.build_id,)
        )
    after, stored = await read_product_figures(pool, 5)
    grown = {name: value - getattr(before, name) for name, value in after if value != getattr(before, name)}
    assert grown == {
        "completed": 1,
        "scraped_pages": 2,
        "failed_scrapes": 1,
        "skipped_pages": 4,
        "added": 1,
        "changed": 2,
        "removed": 3,
        "unchanged": 4,
    }
    assert stored.oldest_waiting_s > 0
    assert stored.silent_builds >= 1
    assert stored.bytes > 1_000_000


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
