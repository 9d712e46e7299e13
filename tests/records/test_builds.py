"""Builds and their events: no gaps, one terminal event, heartbeats, and the widgets they belong to."""

import asyncio
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, InvalidRequest, NotFound
from tasks.core.events import BuildEvent, EventType
from tasks.core.models import BuildRequest, Statistics
from tasks.records.build_events import append_event, read_events
from tasks.records.builds import link_flow_run, read_build, read_open_builds, record_heartbeat, start_build
from tasks.records.new_builds import create_build
from tasks.records.owner_tokens import hash_token
from tasks.records.publication import activate_build
from tasks.records.widgets import list_built_widgets, read_widget
from tests.knowledge.material import SITE, cancel, count, draft, new_job

REQUEST = BuildRequest(url=f"{SITE}/", depth=2, max_pages=100)
ENDS = (EventType.builder_completed, EventType.builder_failed, EventType.builder_cancelled)


async def test_a_new_build_begins_with_event_1(pool: Pool) -> None:
    """The event is recorded with the build and has the request's data."""
    new = await create_build(pool, REQUEST)
    (event,) = await read_events(pool, new.build_id)
    assert (event.seq, event.type, event.build_id) == (1, EventType.builder_started, new.build_id)
    assert event.data == {
        "build_id": str(new.build_id),
        "widget_id": str(new.widget_id),
        "url": f"{SITE}/",
        "depth": 2,
        "max_pages": 100,
    }
    build = await read_build(pool, new.build_id)
    assert (build.status, build.last_seq, build.is_over) == ("pending", 1, False)


async def test_the_owners_token_is_stored_as_a_hash_only(pool: Pool) -> None:
    """The token is handed out with the new widget; neither the widget's row nor any event contains it."""
    new = await create_build(pool, REQUEST)
    assert new.owner_token is not None
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT * FROM widgets WHERE id = %s", (new.widget_id,))).fetchone()
    assert row is not None
    assert hash_token(new.owner_token) in row
    assert new.owner_token not in str(row) + str(await read_events(pool, new.build_id))


async def test_an_idempotency_key_leads_to_one_build(pool: Pool) -> None:
    """Of ten simultaneous requests with one key, one creates the build and the others join it."""
    key = uuid4().hex
    news = await asyncio.gather(*(create_build(pool, REQUEST, idempotency_key=key) for _ in range(10)))
    assert len({new.build_id for new in news}) == 1
    assert sum(new.created for new in news) == sum(new.owner_token is not None for new in news) == 1
    assert len(await read_events(pool, news[0].build_id)) == 1


async def test_a_key_used_for_another_request_is_a_conflict(pool: Pool) -> None:
    """409: the client uses the key for two different requests."""
    key = uuid4().hex
    await create_build(pool, REQUEST, idempotency_key=key)
    with pytest.raises(InvalidRequest) as caught:
        await create_build(pool, REQUEST.model_copy(update={"depth": 1}), idempotency_key=key)
    assert (caught.value.status, caught.value.code) == (409, "idempotency_conflict")


async def test_many_writers_leave_no_gap(pool: Pool) -> None:
    """A hundred simultaneous events get the numbers 2 … 101 and are stored as returned."""
    job = await new_job(pool)
    appended = await asyncio.gather(
        *(append_event(pool, job.build_id, draft(data={"number": number})) for number in range(100))
    )
    stored = await read_events(pool, job.build_id)
    assert [event.seq for event in stored] == list(range(1, 102))
    assert stored[1:] == sorted(appended, key=lambda event: event.seq)
    assert {event.data["number"] for event in stored[1:]} == set(range(100))


async def test_events_are_read_from_where_a_client_stopped(pool: Pool) -> None:
    """Events after a number, in order, up to the limit, and only of this build."""
    job, other = await new_job(pool), await new_job(pool)
    for number in range(5):
        await append_event(pool, job.build_id, draft(data={"number": number}))
        await append_event(pool, other.build_id, draft())
    read = await read_events(pool, job.build_id, after=2, limit=3)
    assert [(event.seq, event.data["number"]) for event in read] == [(3, 1), (4, 2), (5, 3)]
    assert await read_events(pool, job.build_id, after=6) == []


@pytest.mark.parametrize("end", ENDS)
async def test_nothing_follows_the_end(pool: Pool, end: EventType) -> None:
    """A terminal event ends the build; later events are refused and change nothing."""
    job, status = await new_job(pool), end.removeprefix("builder_")
    await append_event(pool, job.build_id, draft(end, detail="the cause"), Statistics(total_urls=3))
    before = await read_build(pool, job.build_id)
    for late in (EventType.scraping_progress, *ENDS):
        with pytest.raises(BuildEnded):
            await append_event(pool, job.build_id, draft(late), Statistics(total_urls=9))
    assert await read_build(pool, job.build_id) == before
    assert (before.status, before.is_over, before.statistics["total_urls"]) == (status, True, 3)
    assert before.error == ("the cause" if status == "failed" else None)
    assert before.finished_at is not None
    assert [event.type for event in await read_events(pool, job.build_id)] == [EventType.builder_started, end]


async def test_of_many_ends_at_once_one_counts(pool: Pool) -> None:
    """One terminal event is stored, as the last one, and sets the build's status."""
    job = await new_job(pool)
    types = [*ENDS * 3, *[EventType.scraping_progress] * 6]
    results = await asyncio.gather(
        *(append_event(pool, job.build_id, draft(type_)) for type_ in types), return_exceptions=True
    )
    (end,) = [result for result in results if isinstance(result, BuildEvent) and result.type.is_terminal]
    assert all(isinstance(result, BuildEvent | BuildEnded) for result in results)
    stored = await read_events(pool, job.build_id)
    assert stored[-1] == end
    assert [event.seq for event in stored] == list(range(1, len(stored) + 1))
    build = await read_build(pool, job.build_id)
    assert (build.status, build.last_seq) == (end.type.removeprefix("builder_"), end.seq)


async def test_an_event_with_text_that_postgresql_rejects_is_sanitized(pool: Pool) -> None:
    """NUL is removed, a lone surrogate replaced, a split pair joined; the event is returned as stored."""
    job = await new_job(pool)
    said = draft(message="a\0b", detail="\ud83d", data={"url\0": ["\ud83d\ude00", {"deep": "\udc00"}]})
    event = await append_event(pool, job.build_id, said)
    assert (event.message, event.detail) == ("ab", "\N{REPLACEMENT CHARACTER}")
    assert event.data == {"url": ["\N{GRINNING FACE}", {"deep": "\N{REPLACEMENT CHARACTER}"}]}
    assert (await read_events(pool, job.build_id, after=1)) == [event]


async def test_an_event_of_an_unknown_build_is_refused(pool: Pool) -> None:
    """BuildEnded, as after the end of a build."""
    with pytest.raises(BuildEnded):
        await append_event(pool, uuid4(), draft())


async def test_starting_again_goes_on_and_starting_late_is_refused(pool: Pool) -> None:
    """A second attempt keeps the start time and run of the first; an ended build is not started."""
    new, run_id = await create_build(pool, REQUEST), uuid4()
    job = await start_build(pool, new.build_id, run_id)
    assert (job.build_id, job.widget_id, job.request) == (new.build_id, new.widget_id, REQUEST)
    first = await read_build(pool, new.build_id)
    await start_build(pool, new.build_id, None)
    again = await read_build(pool, new.build_id)
    assert (again.status, again.flow_run_id, again.started_at) == ("running", run_id, first.started_at)
    await cancel(pool, job)
    with pytest.raises(BuildEnded, match="cancelled"):
        await start_build(pool, new.build_id, run_id)
    with pytest.raises(NotFound):
        await start_build(pool, uuid4(), run_id)


async def test_a_heartbeat_says_whether_to_go_on(pool: Pool) -> None:
    """True while the build runs; false before its start and after its end."""
    new = await create_build(pool, REQUEST)
    assert not await record_heartbeat(pool, new.build_id)
    job = await start_build(pool, new.build_id, None)
    assert await record_heartbeat(pool, new.build_id)
    last = (await read_build(pool, new.build_id)).heartbeat_at
    assert last is not None
    await cancel(pool, job)
    assert not await record_heartbeat(pool, new.build_id)
    assert (await read_build(pool, new.build_id)).heartbeat_at == last


async def test_open_builds_are_those_without_an_end_and_how_long_they_are_silent(pool: Pool) -> None:
    """Oldest first; silence counts from the last heartbeat or, without one, from the build's creation."""
    pending, beating, silent, ended = [await new_job(pool) for _ in range(4)]
    run_id = uuid4()
    await link_flow_run(pool, pending.build_id, run_id)
    await record_heartbeat(pool, beating.build_id)
    await cancel(pool, ended)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET created_at = created_at - interval '2 hours' WHERE id = ANY(%s)",
            ([beating.build_id, silent.build_id],),
        )
    mine = {pending.build_id, beating.build_id, silent.build_id, ended.build_id}
    found = [build for build in await read_open_builds(pool) if build.id in mine]
    assert [build.id for build in found] == [beating.build_id, silent.build_id, pending.build_id]
    assert [build.silent_s > 3_600 for build in found] == [False, True, False]
    assert [build.flow_run_id for build in found] == [None, None, run_id]


async def test_widgets_with_knowledge_are_listed_oldest_first(pool: Pool) -> None:
    """With the request of the active build; widgets without knowledge are left out."""
    jobs = [await new_job(pool) for _ in range(4)]
    for job in (jobs[2], jobs[0], jobs[1]):
        await activate_build(pool, job, replace=True)
    mine = {job.widget_id for job in jobs}
    listed = [(id_, request) for id_, request in await list_built_widgets(pool) if id_ in mine]
    assert listed == [(job.widget_id, REQUEST) for job in jobs[:3]]


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
