"""Limits of connections by client address."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http import connection_counts
from api.http.connection_counts import ConnectionCounts
from api.http.deadlines import DeadlineProtocol
from tests.serving import serve_app

LIMIT = 3


async def answer(_request: Request) -> Response:
    """A short answer."""
    return PlainTextResponse("here")


@pytest.fixture
async def http(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A server for which this machine's own address is a public one, and a client that keeps no connection."""
    monkeypatch.setenv("WIDGET_BUILDER_CLIENT_CONNECTIONS", str(LIMIT))
    monkeypatch.setattr(connection_counts, "_is_public", lambda _address: True)
    async with serve_app(Starlette(routes=[Route("/", answer)]), DeadlineProtocol) as client:
        client.headers["Connection"] = "close"
        yield client


async def test_a_client_with_too_many_connections_is_refused_until_it_closes_one(http: httpx.AsyncClient) -> None:
    """With the reason; those that it has stay as they are."""
    host, port = http.base_url.host, http.base_url.port
    held = [await asyncio.open_connection(host, port) for _ in range(LIMIT)]
    # The server may not have accepted the last of them yet.
    async with asyncio.timeout(10):
        while (refused := await http.get("/")).status_code != 429:
            await asyncio.sleep(0.01)
    assert refused.json()["error"]["code"] == "too_many_connections"
    assert refused.headers["retry-after"] == "5"
    reader, writer = held.pop()
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"here")
    writer.close()
    async with asyncio.timeout(10):
        while (await http.get("/")).status_code != 200:
            await asyncio.sleep(0.01)
    for _, other in held:
        other.close()


@pytest.mark.parametrize(
    ("address", "is_limited"),
    [
        *(("93.184.216.34", True), ("2606:2800:220:1::1", True), ("::ffff:93.184.216.34", True)),
        *(("127.0.0.1", False), ("10.2.3.4", False), ("::ffff:10.2.3.4", False), ("fe80::1%eth0", False), ("", False)),
    ],
)
def test_only_public_addresses_are_limited(address: str, is_limited: bool) -> None:
    """All visitors behind a reverse proxy come from its private address."""
    counts = ConnectionCounts(1)
    assert counts.admit(address)
    assert counts.admit(address) is not is_limited
    counts.release(address)
    counts.release(address)
    assert counts.admit(address)


def test_an_ipv6_network_counts_as_one_client() -> None:
    """An address brings 2^64 others; the network beside it is another client."""
    counts = ConnectionCounts(2)
    assert counts.admit("2606:2800:220:1::1")
    assert counts.admit("2606:2800:220:1:ffff::2")
    assert not counts.admit("2606:2800:220:1:8::3")
    assert counts.admit("2606:2800:220:2::1")
    counts.release("2606:2800:220:1::1")
    counts.release("2606:2800:220:1:8::3")
    assert counts.admit("2606:2800:220:1::4")
