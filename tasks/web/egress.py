"""The one gate to the web: a forward proxy on loopback that dials public addresses only.

Every fetcher goes through it, so redirects, sub-resources, scripts and names that change their answer
(DNS rebinding) meet the same check: it resolves, judges and dials the same address.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tasks.core.addresses import resolve
from tasks.core.errors import AddressBlocked
from tasks.core.settings import Network

CONNECT_TIMEOUT_S = 10.0
"""For all addresses of a host together."""
MAX_REFUSALS = 1_000
"""Refused tunnels that are remembered."""
MAX_HEAD_BYTES = 64 * 1024
_PIECE = 64 * 1024
_HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")


@dataclass(frozen=True)
class Gate:
    """A gate that is open."""

    proxy_url: str
    """`http://127.0.0.1:PORT`"""
    _refusals: dict[tuple[str, int], str] = field(default_factory=dict, repr=False)

    def why_refused(self, host: str, port: int) -> str | None:
        """Why the last connection to there was refused (`X-Egress`); Chromium hides it for tunnels."""
        return self._refusals.get((host, port))

    def remember(self, host: str, port: int, reason: str | None) -> None:
        """Keep how the last try went; `None`: it was connected."""
        self._refusals.pop((host, port), None)
        if reason is not None:
            self._refusals[host, port] = reason
            if len(self._refusals) > MAX_REFUSALS:
                del self._refusals[next(iter(self._refusals))]


class _Refusal(Exception):
    """The gate's own answer instead of a connection; `reason` goes into the header `X-Egress`."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = f"HTTP/1.1 {status}\r\nX-Egress: {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def open_gate(allow: Sequence[Network]) -> AsyncIterator[Gate]:
    """A gate that lets through to public addresses and to `allow`; closed on leaving."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _serve(reader, writer, allow, gate)
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
    try:
        gate = Gate(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield gate
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allow: Sequence[Network], gate: Gate
) -> None:
    """One connection: one request, then bytes both ways until either side ends."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            to_server, opening = await _connect(head, writer, allow, gate)
        except _Refusal as refusal:
            writer.write(refusal.answer.encode())
            await writer.drain()
            return
        from_server, server_writer = to_server
        try:
            server_writer.write(opening)
            await _pipe_both(reader, writer, from_server, server_writer)
        finally:
            server_writer.close()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _connect(
    head: bytes, writer: asyncio.StreamWriter, allow: Sequence[Network], gate: Gate
) -> tuple[Streams, bytes]:
    """The connection a request asks for, and the bytes to send first."""
    line, _, headers = head.partition(b"\r\n")
    try:
        method, target, _version = line.decode("latin-1").split(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _Refusal("400 Bad Request", "malformed") from error
    if not host or (method != "CONNECT" and parts.scheme != "http"):
        raise _Refusal("400 Bad Request", "malformed")
    port = port or (443 if method == "CONNECT" else 80)
    try:
        streams = await _dial(host, port, allow)
    except _Refusal as refusal:
        gate.remember(host, port, refusal.reason)
        raise
    gate.remember(host, port, None)
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return streams, b""
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    return streams, f"{method} {path} HTTP/1.1\r\n".encode("latin-1") + _own_headers(headers)


def _own_headers(headers: bytes) -> bytes:
    """The client's headers for the server: one request a connection, nothing about the proxy."""
    lines = [line for line in headers.split(b"\r\n") if line and not line.lower().startswith(_HOP_BY_HOP)]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


async def _dial(host: str, port: int, allow: Sequence[Network]) -> Streams:
    try:
        addresses = await resolve(host, port, allow)
    except AddressBlocked as error:
        raise _Refusal("403 Forbidden", "blocked") from error
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await _dial_first(addresses, port)
    except TimeoutError as error:
        raise _Refusal("504 Gateway Timeout", "timeout") from error
    except OSError as error:
        raise _Refusal("502 Bad Gateway", "refused") from error


async def _dial_first(addresses: Sequence[str], port: int) -> Streams:
    """A connection to the first address that answers; only those already judged are tried."""
    *others, last = addresses
    for address in others:
        # A host with a dead IPv6 address must not cost the whole time (RFC 8305).
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CONNECT_TIMEOUT_S / len(addresses)):
                return await asyncio.open_connection(address, port)
    return await asyncio.open_connection(last, port)


async def _pipe_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    from_server: asyncio.StreamReader,
    server_writer: asyncio.StreamWriter,
) -> None:
    # Neither Scrapy nor Chromium half-closes: a client that ends has gone, and a silent server must not
    # hold the connection for it.
    pipes = {
        asyncio.create_task(_pipe(reader, server_writer)),
        asyncio.create_task(_pipe(from_server, writer)),
    }
    try:
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
