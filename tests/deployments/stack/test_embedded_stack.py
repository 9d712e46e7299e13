"""The embedded stack as a whole: ports in use, services that crash during a build, a second start."""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from httpx_sse import aconnect_sse

from deployments.stack import embedded_stack
from deployments.stack.embedded_stack import Stack, open_stack
from deployments.stack.ports import find_port
from deployments.stack.stack_file import STACK_FILE
from tasks.core.database import open_pool
from tasks.core.settings import Settings, load_settings
from tests.flow_runs import run_deployment
from tests.product import PATH, UNWANTED, Product
from tests.sites.generated import GeneratedSite, generated_site

Report = tuple[str, str, str]
PAGES = 24
ANSWER_S = 0.2

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """The data directory of both stacks."""
    # Not under pytest's folder: PostgreSQL drops root's rights and could not enter it.
    with tempfile.TemporaryDirectory(prefix="stack-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def our_settings(data_dir: Path) -> Iterator[Settings]:
    """Settings with embedded services."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in UNWANTED:
            patch.delenv(variable, raising=False)
        patch.setenv("WIDGET_BUILDER_EGRESS_ALLOW", "127.0.0.0/8")
        patch.setenv("WIDGET_BUILDER_DATA_DIR", str(data_dir))
        yield load_settings(_env_file=None)


@asynccontextmanager
async def running(settings: Settings, reports: list[Report]) -> AsyncIterator[Stack]:
    """A stack that is up, and kept up."""
    async with open_stack(settings, lambda *report: reports.append(report)) as stack:
        keeping = asyncio.create_task(stack.wait())
        try:
            yield stack
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


def works(process: psutil.Process) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def watch(stack: Stack, build_id: str, site: GeneratedSite) -> list[dict[str, Any]]:
    """All events of a build, seen by a client that reconnects; two services are killed during the build."""
    seen: list[dict[str, Any]] = []
    kill = ["prefect", "postgres"]
    async with httpx.AsyncClient(base_url=stack.info.api_url, timeout=30) as http, asyncio.timeout(150):
        while not seen or not seen[-1]["type"].startswith("builder_") or seen[-1]["seq"] == 1:
            headers = {"Last-Event-ID": str(len(seen))}
            with suppress(httpx.HTTPError):
                async with aconnect_sse(http, "GET", f"{PATH}/{build_id}/events", headers=headers) as source:
                    async for frame in source.aiter_sse():
                        if frame.data:
                            seen.append(frame.json())
                        if kill and site.requests.total() > PAGES // (1 + len(kill)):
                            os.kill(stack.info.pids[kill.pop(0)], signal.SIGKILL)
            await asyncio.sleep(0.2)
    assert not kill
    return seen


async def build(stack: Stack) -> tuple[list[dict[str, Any]], GeneratedSite]:
    """The events of a build of a generated site, and the site."""
    async with generated_site(PAGES, 3, ANSWER_S) as site, httpx.AsyncClient(base_url=stack.info.api_url) as http:
        async with http.stream("POST", PATH, json={"url": f"{site.url}/", "depth": 3}) as started:
            build_id = started.headers["x-build-id"]
        return await watch(stack, build_id, site), site


def check_whole(events: list[dict[str, Any]], site: GeneratedSite) -> None:
    """Every page is stored, every event came once, in order."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "builder_completed", events[-1]
    assert events[-1]["data"]["statistics"]["stored_pages"] == len(site.links)


@dataclass
class Survived:
    """A build that outlived services, the stack it ran on, and what that stack left."""

    events: list[dict[str, Any]]
    site: GeneratedSite
    reports: list[Report]
    wanted: int
    """Port that was taken while the stack was up, and is free now."""
    port: str
    family: list[psutil.Process]
    """Processes of the stack."""


@pytest.fixture(scope="module")
async def survived(our_settings: Settings) -> Survived:
    """A build on a stack whose wanted port is taken, and two of whose services are killed."""
    reports: list[Report] = []
    wanted = find_port("127.0.0.1", 28080)
    settings = our_settings.model_copy(update={"port": wanted})
    with socket.create_server(("127.0.0.1", wanted)):
        async with running(settings, reports) as stack:
            events, site = await build(stack)
            family = [psutil.Process(pid) for pid in stack.info.pids.values()]
            family += [child for process in family for child in process.children(recursive=True)]
            return Survived(events, site, reports, wanted, stack.env["WIDGET_BUILDER_PORT"], family)


async def test_a_stack_survives_the_death_of_services_in_a_build(survived: Survived, data_dir: Path) -> None:
    """A client sees each event of the build once, every page is stored, and nothing is left behind."""
    taken = ("api", "starting", f"port {survived.wanted} is taken, using {survived.port}")
    assert taken in survived.reports
    check_whole(survived.events, survived.site)
    assert not [process for process in survived.family if works(process)]
    assert not (data_dir / STACK_FILE).exists()


async def test_a_stack_starts_again_on_its_data(
    survived: Survived, our_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the port it wants; the widget of its former life answers, and a worker with one place rebuilds it by night."""
    monkeypatch.setattr(embedded_stack, "WORKER_RUNS", 1)
    widget_id = survived.events[0]["data"]["widget_id"]
    settings = our_settings.model_copy(update={"port": survived.wanted})
    async with (
        running(settings, []) as stack,
        httpx.AsyncClient(base_url=stack.info.api_url, timeout=30) as http,
        open_pool(stack.info.database_url) as pool,
    ):
        assert stack.info.api_url.endswith(f":{survived.wanted}")
        found = (await http.get(f"/api/public/widgets/{widget_id}/search", params={"q": "anything"})).json()["results"]
        assert found
        # Its site is gone, and the re-crawl says so; holding the only place, it would wait for ever.
        product = Product(stack.info, http, pool)
        run = await run_deployment(product, "recrawl-widgets/nightly", {"widget_id": widget_id})
        assert run.state is not None
        assert run.state.is_failed()
        assert survived.site.url in (run.state.message or "")
