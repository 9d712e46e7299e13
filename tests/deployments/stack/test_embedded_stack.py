"""The embedded stack as a whole: ports in use, services that crash during a build, a second start."""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from httpx_sse import aconnect_sse

from deployments.stack.embedded_stack import Stack, open_stack
from deployments.stack.ports import find_port
from deployments.stack.stack_file import STACK_FILE
from tasks.core.settings import Settings, load_settings
from tests.product import PATH, UNWANTED
from tests.sites.generated import GeneratedSite, generated_site

PAGES = 40
ANSWER_S = 0.2


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """The data directory of both stacks."""
    # Not under pytest's folder: PostgreSQL drops root's rights and could not enter it.
    with tempfile.TemporaryDirectory(prefix="stack-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def settings_of_our_own(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with embedded services."""
    for variable in UNWANTED:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("WIDGET_BUILDER_EGRESS_ALLOW", "127.0.0.0/8")
    monkeypatch.setenv("WIDGET_BUILDER_DATA_DIR", str(data_dir))
    return load_settings(_env_file=None)


@asynccontextmanager
async def running(settings: Settings, reports: list[tuple[str, str, str]]) -> AsyncIterator[Stack]:
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
    async with httpx.AsyncClient(base_url=stack.info.api_url, timeout=30) as http, asyncio.timeout(120):
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


async def test_a_stack_survives_the_death_of_any_service_and_starts_again_on_its_data(
    settings_of_our_own: Settings, data_dir: Path
) -> None:
    """A client sees each event of the build once; a second start finds the widget, and nothing is left behind."""
    reports: list[tuple[str, str, str]] = []
    wanted = find_port("127.0.0.1", 28080)
    settings = settings_of_our_own.model_copy(update={"port": wanted})
    with socket.create_server(("127.0.0.1", wanted)):
        async with running(settings, reports) as stack:
            assert ("api", "starting", f"port {wanted} is taken, using {stack.env['WIDGET_BUILDER_PORT']}") in reports
            events, site = await build(stack)
            check_whole(events, site)
            family = [psutil.Process(pid) for pid in stack.info.pids.values()]
            family += [child for process in family for child in process.children(recursive=True)]
    assert not [process for process in family if works(process)]
    assert not (data_dir / STACK_FILE).exists()
    widget_id = events[0]["data"]["widget_id"]
    async with running(settings, reports) as stack, httpx.AsyncClient(base_url=stack.info.api_url, timeout=30) as http:
        assert stack.info.api_url.endswith(f":{wanted}")
        found = (await http.get(f"/api/public/widgets/{widget_id}/search", params={"q": "anything"})).json()["results"]
        assert found
