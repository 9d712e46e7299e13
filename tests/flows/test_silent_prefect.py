"""A Prefect server that takes connections and never answers: the build's work does not wait for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from prefect import task
from prefect.client.orchestration import PrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import runs, watch
from flows.runs import run_task


@task(name="double", tags=["double"])
async def double(number: int) -> int:
    """Twice the number."""
    await asyncio.sleep(0)
    return 2 * number


@dataclass
class SilentServer:
    """A server that holds its connections."""

    url: str = ""
    connections: int = 0

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection, and whatever is sent."""
        self.connections += 1
        await reader.read()
        writer.close()


@pytest.fixture
async def silent_server() -> AsyncIterator[SilentServer]:
    """One on loopback."""
    silent = SilentServer()
    server = await asyncio.start_server(silent.hold, "127.0.0.1", 0)
    silent.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    yield silent
    server.close()


async def test_heartbeats_do_not_wait_for_a_server_that_hangs(
    silent_server: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question whether a run was cancelled is given up."""
    monkeypatch.setattr(watch, "PREFECT_TIMEOUT_S", 0.2)
    async with PrefectClient(silent_server.url) as client, asyncio.timeout(20):
        assert not await watch._is_cancelled(client, uuid4())
    assert silent_server.connections


async def test_tasks_are_carried_out_without_a_server_that_hangs(
    silent_server: SilentServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first waits until that is known; those after it do not ask again, and each gives its result."""
    monkeypatch.setattr(runs, "PATIENCE_S", 0.5)
    monkeypatch.setattr(runs, "_server", runs._Server())
    with temporary_settings({PREFECT_API_URL: silent_server.url}):
        async with asyncio.timeout(30):
            assert await run_task(double, 21) == 42
            asked = silent_server.connections
            assert asked
            assert await asyncio.gather(*(run_task(double, n) for n in range(50))) == [2 * n for n in range(50)]
    assert silent_server.connections == asked
    assert caplog.text.count("does not answer") == 1
