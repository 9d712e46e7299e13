"""The one gate to the web: a forward proxy on loopback that dials public addresses only.

Every fetcher goes through it, so redirects, sub-resources, scripts and names that change their answer
(DNS rebinding) meet the same check: it resolves, judges and dials the same address.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tasks.core.addresses import resolve
from tasks.core.errors import AddressBlocked
from tasks.core.settings import Network

CONNECT_TIMEOUT_S = 10.0
MAX_HEAD_BYTES = 64 * 1024
_PIECE = 64 * 1024
_HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")


@dataclass(frozen=True)
class Gate:
    """A gate that is open."""

    proxy_url: str
    """`http://127.0.0.1:PORT`"""


class _Refusal(Exception):
    """The gate's own answer instead of a connection; `reason` goes into the header `X-Egress`."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
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
            await _serve(reader, writer, allow)
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
    try:
        yield Gate(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allow: Sequence[Network]) -> None:
    """One connection: one request, then bytes both ways until either side ends."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            to_server, opening = await _connect(head, writer, allow)
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


async def _connect(head: bytes, writer: asyncio.StreamWriter, allow: Sequence[Network]) -> tuple[Streams, bytes]:
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
    streams = await _dial(host, port or (443 if method == "CONNECT" else 80), allow)
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
            return await asyncio.open_connection(addresses[0], port)
    except TimeoutError as error:
        raise _Refusal("504 Gateway Timeout", "timeout") from error
    except OSError as error:
        raise _Refusal("502 Bad Gateway", "refused") from error


async def _pipe_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    from_server: asyncio.StreamReader,
    server_writer: asyncio.StreamWriter,
) -> None:
    upload = asyncio.create_task(_pipe(reader, server_writer))
    try:
        await _pipe(from_server, writer)
    finally:
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
