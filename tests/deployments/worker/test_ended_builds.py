"""A build's end ends its process, whatever that is doing."""

import asyncio
import signal
from uuid import UUID, uuid4

import psutil
import pytest
from prefect.client.orchestration import PrefectClient

from api.builds.prefect_runs import PrefectRuns, RunRecord, StateType
from api.builds.sweeper import ATTEMPTS, Sweeper
from deployments.worker import ended_builds
from deployments.worker.ended_builds import EndedBuilds
from tasks.core.database import Pool
from tasks.core.events import EventType
from tasks.records.builds import OpenBuild, link_flow_run, read_build
from tests.knowledge.material import cancel, new_job
from tests.product import PATH, Product
from tests.sites.generated import generated_site


async def test_a_run_is_found_after_the_grace_period_of_its_build(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled, failed or deleted: yes; running, completed or unknown: no."""
    monkeypatch.setattr(ended_builds, "GRACE_S", 0)
    jobs = {name: await new_job(pool) for name in ("running", "cancelled", "deleted", "completed")}
    runs = {name: uuid4() for name in (*jobs, "unknown")}
    for name, job in jobs.items():
        await link_flow_run(pool, job.build_id, runs[name], attempt=job.attempt)
    found = EndedBuilds(database_url)
    assert await found.find(runs.values()) == {}
    await cancel(pool, jobs["cancelled"])
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE id = %s", (jobs["deleted"].widget_id,))
        await connection.execute(
            "UPDATE scrape_jobs SET status = 'completed' WHERE id = %s", (jobs["completed"].build_id,)
        )
    assert set(await found.find(runs.values())) == {runs["cancelled"], runs["deleted"]}
    monkeypatch.setattr(ended_builds, "GRACE_S", 60)
    assert await found.find(runs.values()) == {}


async def test_a_stopped_process_ends_when_its_build_is_given_up(product: Product) -> None:
    """It cannot notice by itself, nor can its children; its state in Prefect is final at once, its slots are free."""
    async with generated_site(120, 3, 0.5) as site, product.prefect() as client:
        posting = product.stream("POST", PATH, json={"url": site.url, "depth": 3})
        events = [await anext(posting)]
        while events[-1]["type"] != "parallel_processing_started":
            events.append(await anext(posting))
        build = await read_build(product.pool, UUID(events[0]["build_id"]))
        assert build.flow_run_id is not None
        run = await client.read_flow_run(build.flow_run_id)
        process = psutil.Process(int(run.infrastructure_pid or 0))
        family = [process, *process.children(recursive=True)]
        await stop(process, product, client, build.id)
        await give_up(Sweeper(product.pool, PrefectRuns(client)), build.id, run.id)
        assert [event async for event in posting][-1]["type"] == EventType.builder_failed
        state = (await client.read_flow_run(run.id)).state
        assert state is not None
        assert state.is_failed()
        async with asyncio.timeout(60):
            while process.is_running():
                await asyncio.sleep(0.2)
        # Before the leases expire, a minute after their last renewal.
        async with asyncio.timeout(15):
            while await slots_taken(client):
                await asyncio.sleep(0.2)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive


async def slots_taken(client: PrefectClient) -> int:
    """Number of slots of all limits that are taken."""
    return sum([limit.active_slots for limit in await client.read_global_concurrency_limits()])


async def stop(process: psutil.Process, product: Product, client: PrefectClient, build_id: UUID) -> None:
    """Stop the process when it is just requesting no slot: the build names a lease for each that is taken."""
    named = "SELECT cardinality(leases) FROM scrape_jobs WHERE id = %s"
    async with asyncio.timeout(60):
        while True:
            process.send_signal(signal.SIGSTOP)
            # A request that was sent is answered meanwhile.
            await asyncio.sleep(0.5)
            taken = await slots_taken(client)
            if taken and taken == await product.count(named, build_id):
                return
            process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.2)


async def give_up(sweeper: Sweeper, build_id: UUID, run_id: UUID) -> None:
    """Let the sweeper find the run silent for the last time."""
    build = OpenBuild(id=build_id, flow_run_id=run_id, url="", depth=3, max_pages=1, silent_s=60)
    run = RunRecord(id=run_id, state=StateType.RUNNING, message="", run_count=ATTEMPTS, state_age_s=60)
    await sweeper._check(build, run)
