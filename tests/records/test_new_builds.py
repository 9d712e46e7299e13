"""New builds and re-crawls: recorded with their first event, joined while they run or by their key."""

import asyncio
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.events import EventType
from tasks.core.models import BuildRequest
from tasks.records.build_events import append_event, read_events
from tasks.records.builds import (
    read_build,
)
from tasks.records.new_builds import create_build, create_rebuild
from tasks.records.owner_tokens import hash_token
from tests.knowledge.material import SITE, cancel, draft, new_job

REQUEST = BuildRequest(url=f"{SITE}/", depth=2, max_pages=100)


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


async def test_a_key_that_joined_a_build_leads_to_it_after_its_end(pool: Pool) -> None:
    """Several may join one, also one that began with a key; sent again, none starts a build, for any widget."""
    (one, other), keys = [await new_job(pool) for _ in range(2)], [str(uuid4()) for _ in range(3)]
    await cancel(pool, one)
    built = [await create_rebuild(pool, one.widget_id, REQUEST, idempotency_key=key) for key in keys]
    await append_event(pool, built[0].build_id, draft(EventType.builder_cancelled))
    again = [await create_rebuild(pool, one.widget_id, REQUEST, idempotency_key=key) for key in keys]
    assert {build.build_id for build in built + again} == {built[0].build_id}
    for start in (
        create_rebuild(pool, other.widget_id, REQUEST, idempotency_key=keys[2]),
        create_build(pool, REQUEST.model_copy(update={"depth": 1}), idempotency_key=keys[2]),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await start
        assert refused.value.code == "idempotency_conflict"


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
