"""Real websites on loopback, and fetchers with access to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest
from aiohttp import web

from tasks.core.egress_policy import EgressPolicy
from tasks.core.settings import Settings
from tasks.web.fetching.egress import Gate, open_gate
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = (ip_network("127.0.0.0/8"),)
HOME = (
    "<html><head><title>Home</title></head><body><main><h1>Home</h1><p>Welcome, dear reader.</p></main></body></html>"
)


@dataclass
class Site:
    """A website on loopback."""

    url: str
    """Without a trailing slash."""
    asked: list[str] = field(default_factory=list)
    """Paths asked for, in order, robots.txt left out."""


def html(body: str, status: int = 200, **headers: str) -> Answer:
    """A response with an HTML document."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html", status=status, headers=headers)

    return answer


def binary(body: bytes, **headers: str) -> Answer:
    """A response with these bytes."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


def redirect(location: str) -> Answer:
    """A 302 redirect."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    return answer


async def silence(_: web.Request) -> web.Response:
    """No response for a minute."""
    await asyncio.sleep(60)
    return web.Response()


def endless(content_type: str, drop: bytes = b"x", left: asyncio.Event | None = None) -> Answer:
    """A response that trickles without end; `left` is set when the client has disconnected."""

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        try:
            while True:
                await response.write(drop)
                await asyncio.sleep(0.05)
        except ConnectionError:
            if left is not None:
                left.set()
            return response

    return pour


@asynccontextmanager
async def serve(routes: dict[str, Answer], tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """A website with these pages."""
    site = Site("")

    @web.middleware
    async def note(request: web.Request, handler: Answer) -> web.StreamResponse:
        if request.path != "/robots.txt":
            site.asked.append(request.path_qs)
        return await handler(request)

    app = web.Application(middlewares=[note])
    for path, answer in routes.items():
        app.router.add_get(path, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    site.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_canary(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[tuple[int, list[object]]]:
    """Open a port on loopback; return it with the connections it gets."""
    connections: list[object] = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(note, host, port)
    async with server:
        yield server.sockets[0].getsockname()[1], connections


async def refusing_port() -> int:
    """A port that nothing listens on."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def make_settings(**values: object) -> Settings:
    """Settings that allow loopback, with short page timeouts."""
    return Settings(**{"egress_allow": LOOPBACK, "page_timeout_s": 5, **values}, _env_file=None)


@pytest.fixture(scope="session")
async def gate() -> AsyncIterator[Gate]:
    """A gate that permits loopback."""
    async with open_gate(EgressPolicy(LOOPBACK)) as gate:
        yield gate


@pytest.fixture(scope="session")
async def static(gate: Gate) -> AsyncIterator[StaticFetcher]:
    """A fetcher over HTTP for pages up to 100 kB."""
    async with open_static_fetcher(make_settings(max_page_bytes=100_000), gate) as fetcher:
        yield fetcher


@pytest.fixture(scope="session")
async def rendered(gate: Gate) -> AsyncIterator[RenderedFetcher]:
    """A fetcher with the browser for pages up to 100 kB."""
    settings = make_settings(max_page_bytes=100_000, page_timeout_s=20)
    async with open_rendered_fetcher(settings, gate) as fetcher:
        yield fetcher
