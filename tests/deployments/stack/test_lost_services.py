"""Services that are lost at the worst moment: a worker with a run that is pending, Prefect for a while of a build.

The sweeper's patience of two minutes is shortened; `make soak` has an outage of five minutes.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from api.builds import sweeper
from api.builds.prefect_runs import PrefectRuns, StateType
from api.builds.sweeper import Sweeper
from deployments.stack.embedded_stack import Stack
from tasks.core.database import CONNECTION_ERRORS, open_pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import load_settings
from tasks.records.builds import read_build
from tests.deployments.stack.test_embedded_stack import check_whole, running
from tests.product import PATH, UNWANTED, Product
from tests.sites.generated import generated_site

LIMITS = ("extract-browser", "extract-http", "scrape", "embed", "store")
PAGES = 60
PATIENCE_S = 8.0
MORE_PAGES, MORE_EVENTS = 5, 1
"""Pages that are asked for, and events that arrive, while Prefect is away."""

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    """A stack that is kept up, and asks a site for one page at a time."""
    ours = {"EGRESS_ALLOW": "127.0.0.0/8", "HOST_CONCURRENCY": "1", "PORT": "28180"}
    with tempfile.TemporaryDirectory(prefix="stack-") as name, pytest.MonkeyPatch.context() as patch:
        # Not under pytest's folder: PostgreSQL drops root's rights and could not enter it.
        os.chmod(name, 0o755)
        for variable in UNWANTED:
            patch.delenv(variable, raising=False)
        for variable, value in {**ours, "DATA_DIR": name}.items():
            patch.setenv(f"WIDGET_BUILDER_{variable}", value)
        async with running(load_settings(_env_file=None), []) as stack:
            yield stack


@pytest.fixture
async def product(stack: Stack) -> AsyncIterator[Product]:
    """The stack's API, database and Prefect."""
    async with (
        httpx.AsyncClient(base_url=stack.info.api_url, timeout=30) as http,
        open_pool(stack.info.database_url) as pool,
    ):
        yield Product(stack.info, http, pool)


async def slots_taken(product: Product) -> int:
    """Slots of all stages that are taken."""
    async with product.prefect() as client:
        return sum([(await client.read_global_concurrency_limit_by_name(name)).active_slots for name in LIMITS])


async def follow(product: Product, build_id: str, seen: list[dict[str, Any]]) -> None:
    """Append the build's events as they come, with as many reconnections as it takes."""
    async with asyncio.timeout(240):
        while not seen or not seen[-1]["type"].startswith("builder_") or seen[-1]["seq"] == 1:
            headers = {"Last-Event-ID": str(len(seen))}
            with suppress(httpx.HTTPError):
                async for event in product.stream("GET", f"{PATH}/{build_id}/events", headers=headers):
                    seen.append(event)
            await asyncio.sleep(0.2)


async def start(product: Product, url: str) -> tuple[str, UUID]:
    """Start a build; return its id and its flow run, once it has one."""
    async with product.http.stream("POST", PATH, json={"url": f"{url}/", "depth": 3}) as started:
        build_id = started.headers["x-build-id"]
    async with asyncio.timeout(30):
        while (run_id := (await read_build(product.pool, UUID(build_id))).flow_run_id) is None:
            await asyncio.sleep(0.02)
    return build_id, run_id


async def state_of(product: Product, run_id: UUID) -> tuple[StateType | None, int]:
    """The run's state in Prefect, and how often it has started."""
    async with product.prefect() as client:
        run = await client.read_flow_run(run_id)
    return run.state_type, run.run_count


async def sweep_until(product: Product, run_id: UUID, left: StateType) -> None:
    """Look for dead runs as the API does, until the run is no longer in the state."""
    async with product.prefect() as client, asyncio.timeout(120):
        ours = Sweeper(product.pool, PrefectRuns(client))
        while (await state_of(product, run_id))[0] is left:
            with suppress(DependencyUnavailable, *CONNECTION_ERRORS):
                await ours.sweep()
            await asyncio.sleep(0.5)


async def test_a_run_whose_worker_is_killed_while_it_is_pending_is_started_by_the_next(
    stack: Stack, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with every page stored once; the place that the pending run held is free."""
    monkeypatch.setattr(sweeper, "STUCK_S", PATIENCE_S)
    worker = psutil.Process(stack.info.pids["worker"])
    servers = worker.children()
    for server in servers:
        # It hears of the run, and starts no process for it.
        server.suspend()
    async with generated_site(PAGES, 3, 0.05) as site:
        build_id, run_id = await start(product, site.url)
        async with asyncio.timeout(60):
            while (await state_of(product, run_id))[0] is not StateType.PENDING:
                await asyncio.sleep(0.05)
        os.kill(worker.pid, signal.SIGKILL)
        seen: list[dict[str, Any]] = []
        following = asyncio.create_task(follow(product, build_id, seen))
        await asyncio.sleep(2)
        assert (await state_of(product, run_id))[0] is StateType.PENDING
        await sweep_until(product, run_id, StateType.PENDING)
        await following
    check_whole(seen, site)
    builds = "SELECT count(*) FROM scrape_jobs WHERE widget_id = %s"
    assert await product.count(builds, seen[0]["data"]["widget_id"]) == 1
    await check_is_settled(product, run_id)


async def test_a_build_goes_on_while_prefect_is_away_and_comes_back_as_another_process(
    stack: Stack, product: Product
) -> None:
    """It takes connections and does not answer, then is killed and started again; clients see the pages meanwhile."""
    async with generated_site(PAGES, 3, 0.6) as site:
        build_id, run_id = await start(product, site.url)
        seen: list[dict[str, Any]] = []
        following = asyncio.create_task(follow(product, build_id, seen))
        async with asyncio.timeout(120):
            while not any(event["type"] == "storage_progress" for event in seen):
                await asyncio.sleep(0.1)
        prefect = psutil.Process(stack.info.pids["prefect"])
        prefect.suspend()
        asked, known = site.requests.total(), len(seen)
        async with asyncio.timeout(50):
            while site.requests.total() < asked + MORE_PAGES or len(seen) < known + MORE_EVENTS:
                await asyncio.sleep(0.1)
        prefect.kill()
        await following
    check_whole(seen, site)
    assert site.requests["/"] == 1
    await check_is_settled(product, run_id)


async def check_is_settled(product: Product, run_id: UUID) -> None:
    """The run ends in Prefect as its build has, and no slot stays behind."""
    async with asyncio.timeout(150):
        while True:
            with suppress(httpx.HTTPError):
                state, _ = await state_of(product, run_id)
                if state is StateType.COMPLETED and not await slots_taken(product):
                    return
            await asyncio.sleep(0.5)
