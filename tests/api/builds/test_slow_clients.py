"""Clients of an event stream that do not read, or are gone at once: they cost nobody anything."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from httpx_sse import aconnect_sse
from starlette.applications import Starlette

from api.app_state import AppState
from api.builds import build_routes
from api.builds.stream import Streams
from api.http import deadlines
from api.http.problems import HANDLERS
from tasks.core.database import Pool
from tasks.core.events import EventType
from tasks.core.models import Job
from tasks.core.rates import Rate
from tasks.records.budgets import Budgets
from tasks.records.build_events import append_event
from tests.conftest import MakeSettings
from tests.knowledge.material import cancel, draft, new_job
from tests.product import PATH
from tests.serving import serve_app

EVENTS = 150
LONG = "x" * 30_000
"""Beyond what a connection's buffers hold, 150 times."""


@dataclass
class Followed:
    """A build under way, and the routes by which it is followed."""

    http: httpx.AsyncClient
    streams: Streams
    job: Job
    pool: Pool

    @property
    def request(self) -> bytes:
        """A request for the stream."""
        return f"GET {PATH}/{self.job.build_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def happen(self, events: int) -> None:
        """Let long events happen, then the last."""
        for _ in range(events):
            await append_event(self.pool, self.job.build_id, draft(EventType.scraping_progress, detail=LONG))
            await asyncio.sleep(0)
        await cancel(self.pool, self.job)

    async def follow(self) -> list[int]:
        """Numbers of all events, as a client sees them that reads."""
        async with aconnect_sse(self.http, "GET", f"{PATH}/{self.job.build_id}/events") as source:
            return [frame.json()["seq"] async for frame in source.aiter_sse() if frame.data]

    def connect(self, *, buffer: int | None = None) -> socket.socket:
        """A connection, with a receive buffer of that size."""
        connection = socket.socket()
        if buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect((self.http.base_url.host, self.http.base_url.port))
        return connection


@asynccontextmanager
async def serve_build(pool: Pool, settings: MakeSettings, job: Job) -> AsyncIterator[Followed]:
    """Serve the routes of a build, on a server as the product runs it."""
    asked = settings(request_rate=Rate(count=100_000, seconds=60))
    streams, nothing = Streams(pool), cast(Any, None)
    app = Starlette(routes=build_routes.routes, exception_handlers=HANDLERS)
    app.state.resources = AppState(asked, pool, nothing, streams, nothing, nothing, Budgets(pool, asked), nothing)
    background = [asyncio.create_task(streams.fill_forever()), asyncio.create_task(streams.end_at_exit())]
    async with serve_app(app, deadlines.DeadlineProtocol) as http:
        yield Followed(http, streams, job, pool)
    for task in background:
        task.cancel()


@pytest.fixture
async def followed(pool: Pool, settings: MakeSettings) -> AsyncIterator[Followed]:
    """A build that is followed."""
    async with serve_build(pool, settings, await new_job(pool)) as served:
        yield served


async def test_a_client_that_does_not_read_is_disconnected_and_others_see_all(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten of them beside five that read: each of those sees every event once, in order."""
    monkeypatch.setattr(deadlines, "UNREAD_S", 1.0)
    idle = [followed.connect(buffer=4_096) for _ in range(10)]
    for connection in idle:
        connection.sendall(followed.request)
    reading = [asyncio.create_task(followed.follow()) for _ in range(5)]
    async with asyncio.timeout(60):
        while followed.streams.readers < 15:
            await asyncio.sleep(0.02)
        await followed.happen(EVENTS)
        assert await asyncio.gather(*reading) == [list(range(1, EVENTS + 3))] * 5
    # Before the streams' own send timeout.
    async with asyncio.timeout(15):
        while followed.streams.readers:
            await asyncio.sleep(0.05)
    for connection in idle:
        connection.close()


async def test_a_thousand_clients_that_are_gone_at_once_leave_nothing(followed: Followed) -> None:
    """Reset before the request, in it, and after it; one that comes later is served."""
    half = len(followed.request) // 2
    for number in range(1_000):
        connection = followed.connect()
        connection.sendall((b"", followed.request[:half], followed.request)[number % 3])
        if number % 50 == 0:
            # Some are followed for a moment.
            await asyncio.sleep(0.01)
        # Closing sends RST.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    last = asyncio.create_task(followed.follow())
    async with asyncio.timeout(60):
        await followed.happen(3)
        assert await last == [1, 2, 3, 4, 5]
        while followed.streams.readers:
            await asyncio.sleep(0.05)
