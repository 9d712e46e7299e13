"""Several processes of the API: a build is followed at any of them, also when one stops."""

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle

import httpx
import pytest
from httpx_sse import aconnect_sse

from tasks.core.database import Pool
from tests.api.builds.test_slow_clients import Followed, serve_build
from tests.conftest import MakeSettings
from tests.knowledge.material import new_job
from tests.product import PATH


async def follow_in_turn(servers: tuple[Followed, ...], leave_after: int) -> list[int]:
    """Numbers of the events that a client sees that leaves after so many, and goes on at the next server."""
    seen: list[int] = []
    for server in cycle(servers):
        headers = {"Last-Event-ID": str(seen[-1])} if seen else {}
        path = f"{PATH}/{server.job.build_id}/events"
        async with aconnect_sse(server.http, "GET", path, headers=headers) as source:
            left = leave_after
            async for frame in source.aiter_sse():
                if frame.data:
                    event = frame.json()
                    seen.append(event["seq"])
                    if event["type"] == "builder_cancelled":
                        return seen
                    left -= 1
                if not left:
                    break
    raise AssertionError("there are no servers")


async def test_a_stream_goes_on_at_another_process(pool: Pool, settings: MakeSettings) -> None:
    """Dropped after any event, again and again: each event once, in order."""
    job = await new_job(pool)
    async with serve_build(pool, settings, job) as first, serve_build(pool, settings, job) as second:
        following = [asyncio.create_task(follow_in_turn((first, second), number)) for number in range(1, 9)]
        await first.happen(20)
        assert await asyncio.gather(*following) == [list(range(1, 23))] * 8


@pytest.mark.parametrize("logs", ["0", "1"])
async def test_a_process_that_stops_says_when_to_come_back_and_the_stream_goes_on(
    pool: Pool, settings: MakeSettings, logs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream ends in good order, after the time for `EventSource`; the rest comes from another process."""
    monkeypatch.setattr("api.builds.build_routes.require_build_role", anybody)
    job = await new_job(pool)
    path = f"{PATH}/{job.build_id}/events"
    async with AsyncExitStack() as stack, httpx.AsyncClient(timeout=30, trust_env=False) as http:
        # The streams ask the server that was started last whether it stops.
        other = await stack.enter_async_context(serve_build(pool, settings, job))
        stopping = AsyncExitStack()
        served = await stopping.enter_async_context(serve_build(pool, settings, job))
        async with http.stream("GET", f"{served.http.base_url}{path}?logs={logs}") as response:
            parts = response.aiter_text()
            text = await anext(parts)
            closing = asyncio.create_task(stopping.aclose())
            # Ends without an error, which a connection that is cut would raise.
            text += "".join([part async for part in parts])
            await closing
        last = text.rstrip().split("\r\n\r\n")[-1].split("\r\n")
        assert [line.partition(":")[0] for line in last] == ["", "retry"]
        assert 1_000 <= int(last[1].partition(":")[2]) <= 3_000
        assert "id: 1\r\n" in text
        assert "id: 2\r\n" not in text
        following = asyncio.create_task(resume(other, after=1))
        await other.happen(3)
        assert await following == [2, 3, 4, 5]


async def anybody(*_: object) -> None:
    """Admit everybody to the log."""


async def resume(server: Followed, after: int) -> list[int]:
    """Numbers of the events that a client gets that has those up to a number."""
    path = f"{PATH}/{server.job.build_id}/events"
    async with aconnect_sse(server.http, "GET", path, headers={"Last-Event-ID": str(after)}) as source:
        return [frame.json()["seq"] async for frame in source.aiter_sse() if frame.data]
