"""Widgets: their list, the request of their knowledge, and their deletion."""

from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.events import EventType
from tasks.core.models import BuildRequest, Statistics
from tasks.core.rules import WidgetRules
from tasks.records.build_events import append_event
from tasks.records.builds import (
    build_exists,
    link_flow_run,
    read_build,
)
from tasks.records.new_builds import create_build, create_rebuild
from tasks.records.owner_tokens import hash_token
from tasks.records.publication import activate_build
from tasks.records.widget_list import list_summaries
from tasks.records.widgets import delete_widget, list_built_widgets, read_rules, read_widget, save_settings
from tests.knowledge.material import SITE, count, draft, new_job

REQUEST = BuildRequest(url=f"{SITE}/", depth=2, max_pages=100)


async def test_widgets_with_knowledge_are_listed_oldest_first(pool: Pool) -> None:
    """With the address of the active build and the widget's rules; widgets without knowledge are left out."""
    jobs = [await new_job(pool) for _ in range(4)]
    for job in (jobs[2], jobs[0], jobs[1]):
        await activate_build(pool, job, replace=True)
    mine = {job.widget_id for job in jobs}
    listed = [(id_, url, rules) for id_, url, rules in await list_built_widgets(pool) if id_ in mine]
    assert listed == [(job.widget_id, REQUEST.url, WidgetRules(depth=2, max_pages=100)) for job in jobs[:3]]


async def test_a_re_crawl_reads_the_site_of_the_widgets_knowledge_by_its_rules(pool: Pool) -> None:
    """Not the site of a later build that failed; without knowledge, that of the latest. Rules begin as first asked."""
    job = await new_job(pool)
    rules = WidgetRules(depth=job.request.depth, max_pages=job.request.max_pages)
    assert await read_rules(pool, job.widget_id) == (job.request.url, rules)
    await activate_build(pool, job, replace=True)
    await append_event(pool, job.build_id, draft(EventType.builder_completed))
    later = BuildRequest(url=f"{SITE}/later", depth=1, max_pages=5)
    failed = await create_rebuild(pool, job.widget_id, later)
    await append_event(pool, failed.build_id, draft(EventType.builder_failed))
    await save_settings(pool, job.widget_id, {}, {"depth": None, "exclude": ["/old/*"]})
    expected = WidgetRules(max_pages=job.request.max_pages, exclude=("/old/*",))
    assert await read_rules(pool, job.widget_id) == (job.request.url, expected)
    with pytest.raises(NotFound):
        await read_rules(pool, uuid4())


async def test_the_list_has_the_state_of_each_widget(pool: Pool) -> None:
    """Building, ready, or failed with its cause, under the name its owner chose."""
    new = await create_build(pool, REQUEST)
    assert new.owner_token is not None
    owner = hash_token(new.owner_token)
    (shown,), total = await list_summaries(pool, owner_hash=owner, limit=10)
    assert (total, shown.id, shown.state, shown.pages, shown.built_at) == (1, new.widget_id, "building", 0, None)
    statistics = Statistics(total_urls=3, scraped_pages=3, embedded_pages=3, stored_pages=3)
    failure = draft(EventType.builder_failed, detail="HTTP 404")
    await append_event(pool, new.build_id, failure, statistics)
    ((shown,), _) = await list_summaries(pool, owner_hash=owner, limit=10)
    assert (shown.state, shown.build_status, shown.build_error) == ("failed", "failed", "HTTP 404")
    job = await new_job(pool, new.widget_id)
    await activate_build(pool, job, replace=True)
    await append_event(pool, job.build_id, draft(EventType.builder_completed), statistics)
    await save_settings(pool, new.widget_id, {"name": "Shop"})
    ((shown,), _) = await list_summaries(pool, owner_hash=owner, limit=10)
    assert (shown.name, shown.state, shown.pages, shown.build_id) == ("Shop", "ready", 3, job.build_id)
    assert shown.built_at is not None


async def test_the_list_is_paged_newest_first(pool: Pool) -> None:
    """With the total number; an unknown token's list is empty."""
    first, second = [await new_job(pool) for _ in range(2)]
    widgets, total = await list_summaries(pool, owner_hash=None, limit=2)
    assert [widget.id for widget in widgets] == [second.widget_id, first.widget_id]
    assert [widget.id for widget in (await list_summaries(pool, owner_hash=None, limit=1, offset=1))[0]] == [
        first.widget_id
    ]
    assert total >= 2
    assert await list_summaries(pool, owner_hash="nobody's", limit=2) == ([], 0)
    assert await list_summaries(pool, widget_id=first.widget_id, limit=2) == ([widgets[1]], 1)


async def test_a_deleted_widget_takes_its_builds_with_it(pool: Pool) -> None:
    """Builds and events are deleted; no row refers to a deleted one."""
    job = await new_job(pool)
    await activate_build(pool, job, replace=True)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE id = %s", (job.widget_id,))
    with pytest.raises(NotFound):
        await read_build(pool, job.build_id)
    with pytest.raises(NotFound):
        await read_widget(pool, job.widget_id)
    assert await count(pool, "SELECT count(*) FROM build_events WHERE build_id = %s", job.build_id) == 0


async def test_deleting_a_widget_deletes_its_builds_and_returns_the_runs_to_cancel(pool: Pool) -> None:
    """The flow runs of its unfinished builds."""
    job, run_id = await new_job(pool), uuid4()
    await link_flow_run(pool, job.build_id, run_id, attempt=job.attempt)
    assert await build_exists(pool, job.build_id)
    assert await delete_widget(pool, job.widget_id) == [run_id]
    assert not await build_exists(pool, job.build_id)
    assert await delete_widget(pool, job.widget_id) == []
