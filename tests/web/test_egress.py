"""The egress gate connects to permitted addresses only, and reports the reason of a refusal."""

import asyncio
import contextlib
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.egress_policy import EgressPolicy, StackEndpoint
from tasks.web.fetching.egress import Gate, open_gate
from tasks.web.fetching.forwarding import MAX_HEAD_BYTES, HeadTooLarge, ProxyRequest, Refusal, RequestReader
from tests.sites.server import serve_handler
from tests.web.conftest import HOME, LOOPBACK, html, open_canary, refusing_port, serve


async def connect(gate: Gate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client's connection to the gate."""
    parts = urlsplit(gate.proxy_url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def ask(gate: Gate, request: str) -> bytes:
    """The gate's whole response to a client that sends one request."""
    reader, writer = await connect(gate)
    host = "" if "\nHost:" in request else "\nHost: x"
    writer.write(request.replace("\n\n", f"{host}\nConnection: close\n\n").replace("\n", "\r\n").encode())
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
    """The canary behind them gets no connection, by request or by tunnel."""
    async with open_gate(EgressPolicy()) as closed, open_canary() as (port, connections):
        answer = await ask(closed, form.format(host=host, port=port))
        assert answer.startswith((b"HTTP/1.1 403 Forbidden\r\nX-Egress: blocked", b"HTTP/1.1 400 Bad Request"))
        assert connections == []


async def test_the_gate_does_not_dial_itself(gate: Gate) -> None:
    """Although loopback is open: requests would go round in it."""
    for form in ("GET {url}/ HTTP/1.1\n\n", "CONNECT {target} HTTP/1.1\n\n"):
        answer = await ask(gate, form.format(url=gate.proxy_url, target=urlsplit(gate.proxy_url).netloc))
        assert b"X-Egress: blocked" in answer


async def test_a_port_of_the_stack_is_closed_also_to_a_host_known_from_another_port() -> None:
    """Known addresses are reused for their own port only."""
    async with open_canary() as (port, connections), await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        async with open_gate(EgressPolicy(LOOPBACK, (StackEndpoint("0.0.0.0", port),))) as gate:
            site = server.sockets[0].getsockname()[1]
            for host in ("127.0.0.1", "localhost"):
                assert (await ask(gate, f"GET http://{host}:{site}/ HTTP/1.1\n\n")).endswith(b"1 GET /")
                assert b"X-Egress: blocked" in await ask(gate, f"GET http://{host}:{port}/ HTTP/1.1\n\n")
        assert connections == []


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond to each request with its number on the connection and its request line."""
    number = 0
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            number += 1
            text = f"{number} {head.split(b' HTTP')[0].decode()}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
            if b"Connection: close" in head:
                break
    writer.close()


async def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate dials the address it checked; it does not look the name up again (DNS rebinding)."""
    answers = [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.1"]]

    async def lookup(_: str, port: int, **__: object) -> list[object]:
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    async with (
        open_gate(EgressPolicy((ip_network("127.0.0.2/32"),))) as narrow,
        await asyncio.start_server(greet, "127.0.0.2", 0) as server,
        open_canary(port=server.sockets[0].getsockname()[1]) as (port, connections),
    ):
        request = f"GET http://rebinding.example:{port}/ HTTP/1.1\n\n"
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
            assert b"X-Egress: blocked" in await ask(narrow, request)
            assert (await ask(narrow, request)).endswith(b"1 GET /")
            assert (await ask(narrow, request)).endswith(b"1 GET /"), "what was judged is dialled again"
            server.close()
            await server.wait_closed()
            assert b"X-Egress: refused" in await ask(narrow, request)
            assert b"X-Egress: blocked" in await ask(narrow, request), "and looked up again when it is gone"
        assert (answers, connections) == ([], [])


async def test_requests_for_a_server_follow_each_other_over_one_connection(gate: Gate) -> None:
    """Each with its own target, sent one by one or at once."""
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        reader, writer = await connect(gate)
        for paths in (["a"], ["b"], ["c", "d"]):
            writer.write("".join(f"GET {url}/{path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths).encode())
            for path in paths:
                await reader.readuntil(b"\r\n\r\n")
                number = "abcd".index(path) + 1
                assert await reader.readexactly(8) == f"{number} GET /{path}".encode()
        writer.close()


async def test_the_next_request_of_a_connection_is_judged_like_the_first() -> None:
    """It goes to another server, or is refused."""
    async with (
        open_gate(EgressPolicy((ip_network("127.0.0.2/32"),))) as narrow,
        await asyncio.start_server(greet, "127.0.0.2", 0) as one,
        await asyncio.start_server(greet, "127.0.0.2", 0) as other,
        open_canary() as (port, connections),
    ):
        reader, writer = await connect(narrow)
        for server in (one, other, one):
            writer.write(
                f"GET http://127.0.0.2:{server.sockets[0].getsockname()[1]}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            )
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(7) == b"1 GET /"
        writer.write(f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n".encode())
        assert b"X-Egress: blocked" in await reader.read()
        writer.close()
        assert connections == []


async def test_a_server_that_ends_its_connection_ends_the_clients(gate: Gate) -> None:
    """A response without a length ends there."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        reader, writer = await connect(gate)
        writer.write(f"GET http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        async with asyncio.timeout(5):
            assert (await reader.read()).endswith(b"all")
        writer.close()


async def test_a_request_with_a_body_takes_its_connection_along(gate: Gate) -> None:
    """Everything after its head goes to the same server, unparsed."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.headers['Connection']} {await request.text()}")

    async with serve_handler(echo) as url:
        for framing, body in (("Content-Length: 3", "abc"), ("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n")):
            reader, writer = await connect(gate)
            writer.write(f"POST {url}/ HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n{body}".encode())
            async with asyncio.timeout(5):
                assert (await reader.read()).endswith(b"close abc")
            writer.close()


async def test_a_client_that_does_not_read_holds_the_server_back(gate: Gate) -> None:
    """Backpressure: the gate buffers only a small part of a response."""
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < 200_000_000:
                writer.write(b"x" * 100_000)
                sent += 100_000
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(pour, "127.0.0.1", 0) as server:
        _, writer = await connect(gate)
        writer.transport.pause_reading()
        writer.write(f"GET http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        before = -1
        while sent == 0 or before < sent:
            before = sent
            for _ in range(200):
                await asyncio.sleep(0)
        assert sent < 50_000_000
        writer.transport.abort()


HEADS = st.builds(
    lambda path, rest: b"GET http://h/" + path + b" HTTP/1.1\r\nHost: h\r\n" + rest, st.binary(), st.binary()
)


def read_one(head: bytes) -> ProxyRequest | None:
    """The first request of a client that sends this head."""
    reader = RequestReader()
    reader.feed(head + b"\r\n\r\n")
    return reader.read()


@given(st.binary(max_size=400) | HEADS)
def test_whatever_a_client_sends_is_one_request_or_refused(head: bytes) -> None:
    """No line of it becomes two, and nothing about the proxy goes on to the server."""
    try:
        request = read_one(head)
    except Refusal:
        return
    assert request is not None
    *lines, end, after = request.opening.split(b"\r\n") if request.opening else [b"", b""]
    assert (end, after) == (b"", b"")
    assert len(lines) <= head.count(b"\n") + 3
    assert not any(line.lower().startswith(b"proxy-") for line in lines)


async def test_an_unknown_name_looks_like_a_private_one(gate: Gate) -> None:
    """The gate is no oracle for names of the internal network."""
    unknown = await ask(gate, "GET http://nothing.invalid/ HTTP/1.1\n\n")
    private = await ask(gate, "GET http://10.0.0.1/ HTTP/1.1\n\n")
    assert unknown == private


async def test_a_refused_connection_is_said_to_be_one(gate: Gate) -> None:
    """So that it can be retried."""
    port = await refusing_port()
    answer = await ask(gate, f"CONNECT 127.0.0.1:{port} HTTP/1.1\n\n")
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\nX-Egress: refused")
    assert gate.refusal_reason("127.0.0.1", port) == "refused"


@pytest.mark.parametrize("is_whole", [False, True])
def test_a_head_is_limited_in_one_piece_as_in_many(is_whole: bool) -> None:
    """Also where its end arrives together with its beginning."""
    reader = RequestReader()
    reader.feed(b"GET http://h/ HTTP/1.1\r\nHost: h\r\nX: " + b"y" * MAX_HEAD_BYTES + b"\r\n\r\n" * is_whole)
    with pytest.raises(HeadTooLarge):
        reader.read()


@pytest.mark.parametrize(
    "header",
    [
        "X : y", "no colon", "X: a\0b", "Host: other", "Content-Length: x", "Transfer-Encoding: gzip",
        "Content-Length: 1\r\nContent-Length: 2",
    ],
)  # fmt: skip
def test_a_head_that_could_be_read_in_two_ways_is_refused(header: str) -> None:
    """Another server might parse it differently (request smuggling, RFC 9112, 11.2)."""
    with pytest.raises(Refusal):
        read_one(f"GET http://h/ HTTP/1.1\r\nHost: h\r\n{header}".encode())


@pytest.mark.parametrize(
    "request_line", ["nonsense", "GET /relative HTTP/1.1", "GET ftp://a/ HTTP/1.1", "CONNECT :1 HTTP/1.1"]
)
async def test_what_is_no_proxy_request_is_refused(gate: Gate, request_line: str) -> None:
    """The gate keeps serving other requests."""
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
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
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


async def test_names_that_hang_hold_up_nobody_else(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Concurrent requests share a look-up; a resolved name is cached."""
    asked: list[str] = []
    released = asyncio.Event()

    async def lookup(name: str, port: int, **__: object) -> list[object]:
        asked.append(name)
        if name == "hangs.example":
            await released.wait()
            raise OSError
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
            hanging = [asyncio.create_task(ask(gate, "GET http://hangs.example/ HTTP/1.1\n\n")) for _ in range(20)]
            for _ in range(3):
                answer = await ask(gate, f"GET http://well.example:{port}/ HTTP/1.1\n\n")
                assert answer.endswith(b"1 GET /")
            released.set()
            assert all(b"X-Egress: blocked" in answer for answer in await asyncio.gather(*hanging))
    assert sorted(asked) == ["hangs.example", "well.example"]
