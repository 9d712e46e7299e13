"""Re-crawls of widgets, one at a time, and the list of widgets."""

import asyncio
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.events import EventType
from tasks.core.models import BuildRequest, Statistics
from tasks.records.build_events import append_event
from tasks.records.builds import build_exists, link_flow_run
from tasks.records.new_builds import create_build, create_rebuild
from tasks.records.owner_tokens import hash_token
from tasks.records.publication import activate_build
from tasks.records.widget_list import list_summaries
from tasks.records.widgets import delete_widget, read_last_request, save_settings
from tests.knowledge.material import SITE, cancel, draft, new_job

REQUEST = BuildRequest(url=f"{SITE}/", depth=2, max_pages=100)


async def test_a_request_for_a_widget_that_is_being_built_joins_the_build(pool: Pool) -> None:
    """Also with simultaneous requests; after its end, the next request starts a new build."""
    first = await new_job(pool)
    assert (await create_rebuild(pool, first.widget_id, REQUEST)).build_id == first.build_id
    await cancel(pool, first)
    joined = await asyncio.gather(*(create_rebuild(pool, first.widget_id, REQUEST) for _ in range(8)))
    assert len({build.build_id for build in joined}) == 1
    assert sorted(build.created for build in joined) == [False] * 7 + [True]
    assert {build.owner_token for build in joined} == {None}
    assert joined[0].build_id != first.build_id


async def test_a_key_leads_to_its_build_and_is_valid_for_one_widget_only(pool: Pool) -> None:
    """Also after that build's end; another widget's owner is refused."""
    (one, other), key = [await new_job(pool) for _ in range(2)], str(uuid4())
    await cancel(pool, one)
    build = await create_rebuild(pool, one.widget_id, REQUEST, idempotency_key=key)
    await append_event(pool, build.build_id, draft(EventType.builder_cancelled))
    again = await create_rebuild(pool, one.widget_id, REQUEST, idempotency_key=key)
    assert (again.build_id, again.created) == (build.build_id, False)
    with pytest.raises(InvalidRequest) as refused:
        await create_rebuild(pool, other.widget_id, REQUEST, idempotency_key=key)
    assert (refused.value.code, refused.value.status) == ("idempotency_conflict", 409)
    with pytest.raises(NotFound):
        await create_rebuild(pool, uuid4(), REQUEST)


async def test_a_re_crawl_repeats_the_request_of_the_widgets_knowledge(pool: Pool) -> None:
    """Not a later request that failed; for a widget without knowledge, the latest request."""
    job = await new_job(pool)
    assert await read_last_request(pool, job.widget_id) == job.request
    await activate_build(pool, job, replace=True)
    await append_event(pool, job.build_id, draft(EventType.builder_completed))
    later = BuildRequest(url=f"{SITE}/later", depth=1, max_pages=5)
    failed = await create_rebuild(pool, job.widget_id, later)
    await append_event(pool, failed.build_id, draft(EventType.builder_failed))
    assert await read_last_request(pool, job.widget_id) == job.request
    with pytest.raises(NotFound):
        await read_last_request(pool, uuid4())


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


async def test_deleting_a_widget_deletes_its_builds_and_returns_the_runs_to_cancel(pool: Pool) -> None:
    """The flow runs of its unfinished builds."""
    job, run_id = await new_job(pool), uuid4()
    await link_flow_run(pool, job.build_id, run_id)
    assert await build_exists(pool, job.build_id)
    assert await delete_widget(pool, job.widget_id) == [run_id]
    assert not await build_exists(pool, job.build_id)
    assert await delete_widget(pool, job.widget_id) == []
