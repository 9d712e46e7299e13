"""Builds: start, heartbeat, and the list of unfinished ones."""

from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, NotFound
from tasks.core.models import BuildRequest
from tasks.records.builds import (
    link_flow_run,
    read_build,
    read_open_builds,
    record_heartbeat,
    start_build,
)
from tasks.records.new_builds import create_build
from tests.knowledge.material import SITE, cancel, new_job

REQUEST = BuildRequest(url=f"{SITE}/", depth=2, max_pages=100)


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
    await link_flow_run(pool, pending.build_id, run_id, attempt=pending.attempt)
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
