"""Events of a build: no gaps, one terminal event, sanitized text."""

import asyncio
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import BuildEnded
from tasks.core.events import BuildEvent, EventType
from tasks.core.models import Statistics
from tasks.records.build_events import append_event, read_events
from tasks.records.builds import (
    read_build,
)
from tests.knowledge.material import draft, new_job

ENDS = (EventType.builder_completed, EventType.builder_failed, EventType.builder_cancelled)


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
