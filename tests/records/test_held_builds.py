"""Held builds: those whose site was read whole, and that were not published for what is missing in them."""

import pytest

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest
from tasks.core.events import EventType
from tasks.core.models import Job
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.build_events import append_event
from tasks.records.builds import read_build
from tasks.records.cleanup import tidy_widget
from tasks.records.held_builds import publish_held
from tasks.records.publication import activate_build
from tasks.records.rollback import roll_back
from tasks.records.widget_list import list_summaries
from tasks.records.widgets import read_widget
from tests.knowledge.material import draft, new_job, page_of


async def published(pool: Pool) -> Job:
    """A widget that answers from a complete build."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [page_of("/", ["Beans."])])
    await activate_build(pool, job, replace=True)
    await append_event(pool, job.build_id, draft(EventType.builder_completed))
    return job


async def failed(pool: Pool, former: Job, code: str) -> Job:
    """A later build of the widget that has failed for this cause."""
    job = await new_job(pool, former.widget_id)
    await store_pages(pool, job.build_id, [page_of("/", ["Tea."])])
    await append_event(pool, job.build_id, draft(EventType.builder_failed, data={"code": code}))
    return job


async def is_shown_as_held(pool: Pool, job: Job) -> bool:
    """Whether the list of widgets says so of its latest build."""
    ((shown,), _) = await list_summaries(pool, widget_id=job.widget_id, limit=1)
    return shown.build_held


@pytest.mark.parametrize("code", ["answers_worse", "site_shrank"])
async def test_a_held_build_is_published_by_hand(pool: Pool, code: str) -> None:
    """It is complete then: it stays at housekeeping, and the widget can go back to the one before."""
    former = await published(pool)
    held = await failed(pool, former, code)
    assert await is_shown_as_held(pool, former)
    assert await publish_held(pool, former.widget_id) == held.build_id
    assert (await read_widget(pool, former.widget_id)).active_job_id == held.build_id
    assert (await read_build(pool, held.build_id)).status == "completed"
    assert not (await tidy_widget(pool, former.widget_id, 2)).builds
    assert await roll_back(pool, former.widget_id) == former.build_id


async def test_nothing_else_is_published(pool: Pool) -> None:
    """A build that broke off has not read its site; one that is older than the present knowledge is past."""
    former = await published(pool)
    await failed(pool, former, "home_page_failed")
    assert not await is_shown_as_held(pool, former)
    with pytest.raises(InvalidRequest, match="No build of the widget waits"):
        await publish_held(pool, former.widget_id)
    await failed(pool, former, "answers_worse")
    later = await new_job(pool, former.widget_id)
    await activate_build(pool, later, replace=True)
    with pytest.raises(InvalidRequest, match="No build of the widget waits"):
        await publish_held(pool, former.widget_id)
    assert (await read_widget(pool, former.widget_id)).active_job_id == later.build_id
