"""Waiting builds are told once a change, and not at all when they have begun."""

from tasks.core.database import Pool
from tasks.core.events import EventDraft, EventType
from tasks.core.models import BuildRequest
from tasks.records.build_events import append_queued, read_events
from tasks.records.builds import read_open_builds, start_build
from tasks.records.new_builds import create_build

REQUEST = BuildRequest(url="https://waiting.example/", depth=0, max_pages=1)


def queued(place: int) -> EventDraft:
    """The event of a build that waits at this place."""
    return EventDraft(type=EventType.builder_queued, message="Waiting", data={"place": place, "reason": "no_worker"})


async def test_a_waiting_build_is_told_each_place_once(pool: Pool) -> None:
    """Also by two API processes; a build that has begun is told nothing."""
    new = await create_build(pool, REQUEST)
    (build,) = [each for each in await read_open_builds(pool) if each.id == new.build_id]
    assert not build.has_begun
    assert await append_queued(pool, new.build_id, 1, queued(3))
    assert not await append_queued(pool, new.build_id, 1, queued(3))
    assert not await append_queued(pool, new.build_id, 2, queued(3))
    assert await append_queued(pool, new.build_id, 2, queued(2))
    await start_build(pool, new.build_id, None)
    assert not await append_queued(pool, new.build_id, 3, queued(1))
    assert [event.data.get("place") for event in await read_events(pool, new.build_id)] == [None, 3, 2]
    (build,) = [each for each in await read_open_builds(pool) if each.id == new.build_id]
    assert build.has_begun
