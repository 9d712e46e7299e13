"""The gate lets through to permitted addresses only, and says why not."""

import asyncio
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest

from tasks.web.egress import Gate, open_gate
from tests.web.conftest import HOME, html, open_canary, refusing_port, serve


async def ask(gate: Gate, request: str) -> bytes:
    """The gate's whole answer."""
    parts = urlsplit(gate.proxy_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request.replace("\n", "\r\n").encode())
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]", "0.0.0.0", "user@127.0.0.1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["GET http://{host}:{port}/ HTTP/1.1\n\n", "CONNECT {host}:{port} HTTP/1.1\n\n"])
async def test_private_addresses_are_blocked_in_every_form(host: str, form: str) -> None:
    """The canary behind them hears nothing, by request or by tunnel."""
    async with open_gate(()) as closed, open_canary() as (port, connections):
        answer = await ask(closed, form.format(host=host, port=port))
        assert answer.startswith((b"HTTP/1.1 403 Forbidden\r\nX-Egress: blocked", b"HTTP/1.1 400 Bad Request"))
        assert connections == []


async def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate dials the address it judged; it does not look the name up again (DNS rebinding)."""
    answers = ["127.0.0.2", "127.0.0.1"]

    async def lookup(_: str, port: int, **__: object) -> list[object]:
        return [(2, 1, 6, "", (answers.pop(0), port))]

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\npublic")
        writer.close()

    async with (
        open_gate([ip_network("127.0.0.2/32")]) as narrow,
        await asyncio.start_server(greet, "127.0.0.2", 0) as server,
        open_canary(port=server.sockets[0].getsockname()[1]) as (port, connections),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
            assert (await ask(narrow, f"GET http://rebinding.example:{port}/ HTTP/1.1\n\n")).endswith(b"public")
            assert b"X-Egress: blocked" in await ask(narrow, f"GET http://rebinding.example:{port}/ HTTP/1.1\n\n")
        assert (answers, connections) == ([], [])


async def test_an_unknown_name_looks_like_a_private_one(gate: Gate) -> None:
    """No way to find out which names exist inside."""
    unknown = await ask(gate, "GET http://nothing.invalid/ HTTP/1.1\n\n")
    private = await ask(gate, "GET http://10.0.0.1/ HTTP/1.1\n\n")
    assert unknown == private


async def test_a_refused_connection_is_said_to_be_one(gate: Gate) -> None:
    """So that it may be retried."""
    port = await refusing_port()
    answer = await ask(gate, f"CONNECT 127.0.0.1:{port} HTTP/1.1\n\n")
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\nX-Egress: refused")
    assert gate.why_refused("127.0.0.1", port) == "refused"


@pytest.mark.parametrize(
    "request_line", ["nonsense", "GET /relative HTTP/1.1", "GET ftp://a/ HTTP/1.1", "CONNECT :1 HTTP/1.1"]
)
async def test_what_is_no_proxy_request_is_refused(gate: Gate, request_line: str) -> None:
    """And the gate goes on."""
    assert (await ask(gate, f"{request_line}\n\n")).startswith(b"HTTP/1.1 400")


async def test_an_endless_header_ends(gate: Gate) -> None:
    """Headers are bounded."""
    try:
        answer = await ask(gate, "GET http://127.0.0.1/ HTTP/1.1\n" + "X: " + "y" * 200_000)
    except ConnectionError:
        answer = b""
    assert answer == b""


async def test_a_client_that_leaves_takes_its_connection_along(gate: Gate) -> None:
    """A silent server cannot hold connections for clients that have gone."""
    ended = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            pass
        ended.set()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        parts = urlsplit(gate.proxy_url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        async with asyncio.timeout(5):
            await ended.wait()


async def test_plain_requests_pass_with_their_query(gate: Gate) -> None:
    """The server sees a path, not the proxy's form of the URL."""
    async with serve({"/a": html(HOME)}) as site:
        answer = await ask(gate, f"GET {site.url}/a?b=c%20d HTTP/1.1\nHost: {urlsplit(site.url).netloc}\n\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(HOME.encode())
        assert site.asked == ["/a?b=c%20d"]


async def test_a_dead_address_of_a_host_does_not_cost_the_page(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next permitted address is tried."""

    async def lookup(_: str, port: int, **__: object) -> list[object]:
        return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    async with serve({"/": html(HOME)}) as site:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
            url = f"http://two.example:{urlsplit(site.url).port}/"
            answer = await ask(gate, f"GET {url} HTTP/1.1\nHost: two.example\n\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
