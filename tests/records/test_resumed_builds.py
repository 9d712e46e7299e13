"""Builds that ended early are opened again: who may, what becomes of the events, and who may still write."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, InvalidRequest, NotFound
from tasks.core.events import EventType
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.build_events import append_event, read_events
from tasks.records.builds import link_flow_run, read_build, record_heartbeat, start_build
from tasks.records.publication import activate_build
from tasks.records.resumed_builds import resume_build, resume_in_run
from tests.knowledge.material import cancel, draft, new_job, page_of, set_status

NOT_YET = timedelta(hours=1)


@pytest.mark.parametrize("end", [EventType.builder_failed, EventType.builder_cancelled])
async def test_the_terminal_event_gives_way_and_the_numbers_go_on(pool: Pool, end: EventType) -> None:
    """One terminal event, at the end; no gap; the former end and its cause are said in its place."""
    job = await new_job(pool)
    await append_event(pool, job.build_id, draft())
    ended = await append_event(pool, job.build_id, draft(end, detail="the cause"))
    resumed = await resume_build(pool, job.build_id)
    assert (resumed.request, resumed.attempt) == (job.request, job.attempt + 1)
    build = await read_build(pool, job.build_id)
    assert (build.status, build.flow_run_id, build.error, build.finished_at) == ("pending", None, None, None)
    again = await start_build(pool, job.build_id, uuid4())
    await append_event(pool, job.build_id, draft(EventType.builder_completed), attempt=again.attempt)
    events = await read_events(pool, job.build_id)
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert [event.type for event in events if event.type.is_terminal] == [EventType.builder_completed]
    marker = events[ended.seq - 1]
    assert (marker.type, marker.detail, marker.data) == (EventType.builder_resumed, "the cause", {"after": end})


async def test_only_a_build_that_ended_early_is_resumed(pool: Pool) -> None:
    """409 for one that runs or is completed, for an older one than the widget answers from, and beside another."""
    job = await new_job(pool)
    assert await refusal(pool, job.build_id) == "build_running"
    await activate_build(pool, job, replace=True)
    await append_event(pool, job.build_id, draft(EventType.builder_completed))
    assert await refusal(pool, job.build_id) == "build_ended"
    failed = await new_job(pool, job.widget_id)
    await append_event(pool, failed.build_id, draft(EventType.builder_failed))
    newer = await new_job(pool, job.widget_id)
    await set_status(pool, job.widget_id, "failed")
    async with pool.connection() as connection:
        await connection.execute("UPDATE scrape_jobs SET status = 'running' WHERE id = %s", (newer.build_id,))
    assert await refusal(pool, failed.build_id) == "widget_busy"
    await activate_build(pool, newer, replace=True)
    await append_event(pool, newer.build_id, draft(EventType.builder_completed))
    assert await refusal(pool, failed.build_id) == "build_outdated"
    with pytest.raises(NotFound):
        await resume_build(pool, uuid4())


async def refusal(pool: Pool, build_id: object) -> str:
    """The code of the 409 that the build's resumption gets."""
    before = await read_build(pool, build_id)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest) as refused:
        await resume_build(pool, build_id)  # type: ignore[arg-type]
    assert refused.value.status == 409
    assert await read_build(pool, build_id) == before  # type: ignore[arg-type]
    return refused.value.code


async def test_a_flow_run_that_is_told_late_does_not_take_over_a_resumed_build(pool: Pool) -> None:
    """The run of the former attempt, whose start had been slow; that of the new attempt does."""
    job, late, new = await new_job(pool), uuid4(), uuid4()
    await cancel(pool, job)
    resumed = await resume_build(pool, job.build_id)
    await link_flow_run(pool, job.build_id, late, attempt=job.attempt)
    assert (await read_build(pool, job.build_id)).flow_run_id is None
    await link_flow_run(pool, job.build_id, new, attempt=resumed.attempt)
    assert (await read_build(pool, job.build_id)).flow_run_id == new


async def test_of_many_resumptions_at_once_one_counts(pool: Pool) -> None:
    """The others find the build running."""
    job = await new_job(pool)
    await cancel(pool, job)
    results = await asyncio.gather(*(resume_build(pool, job.build_id) for _ in range(8)), return_exceptions=True)
    refused = [result.code for result in results if isinstance(result, InvalidRequest)]
    assert (len(results) - len(refused), set(refused)) == (1, {"build_running"})


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_a_former_attempt_that_wakes_cannot_write(pool: Pool, is_resumed: bool) -> None:
    """Neither heartbeat nor event, page or publication, after a resumption or a restart of its run."""
    old = await new_job(pool)
    if is_resumed:
        await cancel(pool, old)
        await resume_build(pool, old.build_id)
    new = await start_build(pool, old.build_id, None)
    assert not await record_heartbeat(pool, old.build_id, attempt=old.attempt)
    with pytest.raises(BuildEnded):
        await append_event(pool, old.build_id, draft(EventType.builder_completed), attempt=old.attempt)
    with pytest.raises(BuildEnded):
        await store_pages(pool, old.build_id, [page_of("/", ["text"])], old.attempt)
    assert not await activate_build(pool, old, replace=True)
    assert await record_heartbeat(pool, new.build_id, attempt=new.attempt)
    await store_pages(pool, new.build_id, [page_of("/", ["text"])], new.attempt)
    assert await activate_build(pool, new, replace=True)
    await append_event(pool, new.build_id, draft(EventType.builder_completed), attempt=new.attempt)


async def test_a_retry_in_prefect_counts_if_it_came_after_the_end(pool: Pool) -> None:
    """A build that was cancelled after the retry, or before it had a run, stays cancelled."""
    job, run_id = await new_job(pool), uuid4()
    await start_build(pool, job.build_id, run_id)
    with pytest.raises(BuildEnded, match="Another flow run"):
        await start_build(pool, job.build_id, uuid4())
    await cancel(pool, job)
    now = datetime.now(UTC)
    for retried_at in (None, now - NOT_YET):
        assert not await resume_in_run(pool, job.build_id, run_id, retried_at)
        assert (await read_build(pool, job.build_id)).status == "cancelled"
    waiting = await new_job(pool)
    await cancel(pool, waiting)
    assert not await resume_in_run(pool, waiting.build_id, run_id, now + NOT_YET)
    assert await resume_in_run(pool, job.build_id, run_id, now + NOT_YET)
    assert not await resume_in_run(pool, job.build_id, run_id, now + NOT_YET)
    assert (await start_build(pool, job.build_id, run_id)).attempt > job.attempt


async def test_a_run_that_repeats_the_one_of_an_ended_build_takes_the_build_over(pool: Pool) -> None:
    """As with "Run again" in Prefect; while the build is running it cannot."""
    job, run_id = await new_job(pool), uuid4()
    await start_build(pool, job.build_id, uuid4())
    assert not await resume_in_run(pool, job.build_id, run_id, None)
    await cancel(pool, job)
    assert await resume_in_run(pool, job.build_id, run_id, None)
    assert (await start_build(pool, job.build_id, run_id)).build_id == job.build_id
