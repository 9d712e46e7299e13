"""How the gate speaks: proxy requests in, the judged connection out, bytes both ways.

Plain HTTP keeps its connections alive (RFC 9112): requests for one server follow each other over one
connection, each with its target looked at. Answers pass as they are; where they end is the client's business.
A tunnel, or a request with a body, takes its connection for itself.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_HEAD_BYTES = 64 * 1024
_END = b"\r\n\r\n"
_ABOUT_THE_PROXY = ("connection", "proxy-connection", "proxy-authorization", "keep-alive", "upgrade", "host")
_FRAMING = ("content-length", "transfer-encoding")
_EMPTY = re.compile(rb"content-length:[ \t]*0[ \t]*", re.IGNORECASE)
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r\n]*")


class Refusal(Exception):
    """The gate's own answer instead of a connection; `reason` goes into the header `X-Egress`."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = f"HTTP/1.1 {status}\r\nX-Egress: {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class ProxyRequest:
    """A request to a proxy, without its body."""

    host: str
    port: int
    opening: bytes
    """What the server gets first."""
    is_tunnel: bool
    has_body: bool


def parse_request(head: bytes) -> ProxyRequest:
    """The request whose line and headers these are.

    Raises:
        Refusal: it is not one for a proxy.
    """
    line, *headers = head.split(b"\r\n")
    try:
        method, target, version = line.decode("ascii").split(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refusal("400 Bad Request", "malformed") from error
    if not host or not all(_HEADER.fullmatch(header) for header in headers):
        raise Refusal("400 Bad Request", "malformed")
    if method == "CONNECT":
        return ProxyRequest(host, port or 443, b"", is_tunnel=True, has_body=False)
    if parts.scheme != "http":
        raise Refusal("400 Bad Request", "malformed")
    fields = [(name.decode("ascii").lower(), header) for header in headers for name in [header.partition(b":")[0]]]
    has_body = any(_EMPTY.fullmatch(header) is None for name, header in fields if name in _FRAMING)
    is_last = has_body or version != "HTTP/1.1" or _asks_to_close(fields)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"{method} {path} HTTP/1.1".encode("ascii"),
        f"Host: {parts.netloc.rpartition('@')[2]}".encode("ascii"),
        *(header for name, header in fields if name not in _ABOUT_THE_PROXY),
        *([b"Connection: close"] if is_last else []),
    ]
    return ProxyRequest(host, port or 80, b"\r\n".join(lines) + _END, is_tunnel=False, has_body=has_body)


def _asks_to_close(fields: list[tuple[str, bytes]]) -> bool:
    names = ("connection", "proxy-connection")
    return any(b"close" in header.lower() for name, header in fields if name in names)


Dial = Callable[[str, int, Callable[[], asyncio.Protocol]], Awaitable[None]]
"""Connects the protocol to a host and port.

Raises:
    Refusal: it may not be, or nobody answers.
"""


class _Side(asyncio.Protocol):
    """One end of a forwarded connection: what comes in goes out at the other, no faster than that takes it."""

    def __init__(self, other: "_Side | None" = None) -> None:
        self.other = other
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.send(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        other, self.other, self.transport = self.other, None, None
        if other is not None and other.other is self:
            other.end()

    @property
    def is_open(self) -> bool:
        """Whether something may still be sent."""
        return self.transport is not None and not self.transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send it, unless this end is closed."""
        if self.transport is not None:
            self.transport.write(data)

    def end(self) -> None:
        """Close after what was written has been sent."""
        if self.transport is not None:
            self.transport.close()


class ClientConnection(_Side):
    """A client of the gate."""

    def __init__(self, dial: Dial, connections: "set[ClientConnection]") -> None:
        super().__init__()
        self._dial = dial
        self._connections = connections
        self._received = bytearray()
        """What waits to be passed on."""
        self._is_piped = False
        """Whether what comes in is passed on without being looked at."""
        self._at: tuple[str, int] | None = None
        """Where the other side leads."""
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._is_piped:
            super().data_received(data)
            return
        self._received += data
        if self._dialling is None:
            self._serve()
        elif self.transport is not None and len(self._received) > MAX_HEAD_BYTES:
            self.transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._connections.discard(self)
        if self._dialling is not None:
            self._dialling.cancel()

    def connected(self, server: _Side, request: ProxyRequest) -> None:
        """The connection a request asked for is there; nothing has come from it yet."""
        self.other, self._at = server, (request.host, request.port)
        if request.is_tunnel:
            self.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._send(request, server)

    async def abort(self) -> None:
        """End at once."""
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.transport.abort()
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.wait([self._dialling])

    def _serve(self) -> None:
        """Pass on the requests that have come, as long as they are whole and lead to where we are connected."""
        while self._dialling is None and not self._is_piped and self._received:
            head, end, rest = self._received.partition(_END)
            if len(head) > MAX_HEAD_BYTES:
                self.end()
                return
            if not end:
                return
            self._received = rest
            try:
                request = parse_request(bytes(head))
            except Refusal as refusal:
                self._refuse(refusal)
                return
            self._pass_on(request)

    def _pass_on(self, request: ProxyRequest) -> None:
        server = self.other
        if server is not None and server.is_open and self._at == (request.host, request.port):
            self._send(request, server)
            return
        if server is not None:
            # Its end is no longer the client's.
            server.other = self.other = None
            server.end()
        self._dialling = asyncio.create_task(self._connect(request))

    async def _connect(self, request: ProxyRequest) -> None:
        try:
            await self._dial(request.host, request.port, lambda: _Server(self, request))
        except Refusal as refusal:
            self._refuse(refusal)
        finally:
            self._dialling = None
        if self.transport is not None:
            self.transport.resume_reading()
            self._serve()

    def _send(self, request: ProxyRequest, server: _Side) -> None:
        server.send(request.opening)
        self._is_piped = request.is_tunnel or request.has_body
        if self._is_piped:
            server.send(bytes(self._received))
            self._received.clear()

    def _refuse(self, refusal: Refusal) -> None:
        self.send(refusal.answer.encode())
        self._received.clear()
        self.end()


class _Server(_Side):
    """The connection to a server."""

    def __init__(self, client: ClientConnection, request: ProxyRequest) -> None:
        super().__init__(client)
        self._client = client
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._client.transport is None:
            self.end()
        else:
            self._client.connected(self, self._request)
