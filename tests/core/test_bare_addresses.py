"""Bare addresses: tried by https, then by http, from public addresses only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import certifi
import pytest

from tasks.core.bare_addresses import add_scheme
from tasks.core.errors import InvalidRequest
from tests.conftest import MakeSettings
from tests.product import Product
from tests.sites.server import serve_site
from tests.sites.tls import server_context, write_certificate

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LOOPBACK = ["127.0.0.0/8"]


@asynccontextmanager
async def listening(
    certificate: Path | None = None, answer: bytes = OK
) -> AsyncIterator[tuple[str, Callable[[], int]]]:
    """A server that sends this answer, by TLS with a certificate; its bare address and the count of connections."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readline()
        writer.write(answer)
        writer.close()

    context = server_context(certificate) if certificate else None
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", lambda: connections


async def test_a_host_that_answers_by_https_is_read_so(
    settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only if its certificate is valid."""
    certificate = tmp_path / "certificate.pem"
    write_certificate(certificate)
    made = settings(egress_allow=LOOPBACK)
    async with listening(certificate) as (bare, _):
        # By neither scheme: the build says why, by https.
        assert await add_scheme(made, bare) == f"https://{bare}/"
    async with listening(certificate) as (bare, connections):
        monkeypatch.setattr(certifi, "where", lambda: str(certificate))
        assert await add_scheme(made, f" {bare}/a?b=1 ") == f"https://{bare}/a?b=1"
        assert connections() == 1


async def test_a_host_without_https_is_read_by_http(settings: MakeSettings) -> None:
    """Whatever it answers."""
    async with listening(answer=OK.replace(b"200 OK", b"404 Not Found")) as (bare, _):
        assert await add_scheme(settings(egress_allow=LOOPBACK), bare) == f"http://{bare}/"


async def test_a_bare_private_address_is_not_contacted(settings: MakeSettings) -> None:
    """By neither scheme; the build is refused as it is with a scheme."""
    async with listening() as (bare, connections):
        assert await add_scheme(settings(egress_allow=[]), bare) == f"https://{bare}/"
        assert connections() == 0


async def test_an_address_with_a_scheme_or_without_a_host_is_left_as_it_is(settings: MakeSettings) -> None:
    """Validation refuses it in its own words."""
    for address in (
        "http://shop.example/",
        "/prices",
        "mailto:a@shop.example",
        "me@shop.example",
        "javascript:x",
        7,
        "",
    ):
        assert await add_scheme(settings(), address) == address
    with pytest.raises(InvalidRequest, match="space"):
        await add_scheme(settings(), "shop.example/a b")


async def test_a_bare_address_becomes_a_widget(product: Product) -> None:
    """Of the site by http, which is the only one it answers by."""
    async with serve_site() as site:
        events = await product.build(site.url.removeprefix("http://").rstrip("/"), depth=0)
    assert events[0]["data"]["url"] == f"{site.url}/"
    assert events[-1]["type"] == "builder_completed"
