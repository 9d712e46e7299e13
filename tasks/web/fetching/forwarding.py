"""HTTP forward proxy: reads proxy requests, connects to the server they name, and relays the bytes both ways.

Plain HTTP keeps its connections alive (RFC 9112): requests for one server follow each other over one
connection, and the target of each is checked. Responses are relayed unparsed; the client finds where they end.
A tunnel, or a request with a body, takes its connection for itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

MAX_HEAD_BYTES = 64 * 1024
_HOP_BY_HOP = (b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"upgrade", b"host")
"""Headers for the proxy alone (RFC 9110, 7.6.1), and Host, which the target replaces (RFC 9112, 3.2.2)."""


class Refusal(Exception):
    """The gate's own response instead of a connection; `reason` goes into the header `X-Egress`."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.response = f"HTTP/1.1 {status}\r\nX-Egress: {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HeadTooLarge(Exception):
    """The request's line and headers exceed `MAX_HEAD_BYTES`: the connection is closed."""


@dataclass(frozen=True)
class ProxyRequest:
    """A request to a proxy, without its body."""

    host: str
    port: int
    opening: bytes
    """First bytes for the server: the request line and headers; empty for a tunnel."""
    is_tunnel: bool
    has_body: bool


class RequestReader:
    """Reads the heads of successive requests from one client."""

    def __init__(self) -> None:
        self._parser = _new_parser()

    @property
    def unread(self) -> bytes:
        """Bytes received after the last request's head."""
        return self._parser.trailing_data[0]

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        # h11 takes no bytes for the end of the connection.
        if data:
            self._parser.receive_data(data)

    def read(self) -> ProxyRequest | None:
        """Return the next request; `None` until its head is complete.

        Raises:
            Refusal: malformed, or not a request to a proxy.
            HeadTooLarge: no end of the head within `MAX_HEAD_BYTES`.
        """
        received = len(self.unread)
        try:
            event = self._parser.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                raise HeadTooLarge from error
            raise Refusal("400 Bad Request", "malformed") from error
        if not isinstance(event, h11.Request):
            return None
        rest = self.unread
        # h11 limits heads that are still incomplete; this one may have come in one piece.
        if received - len(rest) > MAX_HEAD_BYTES:
            raise HeadTooLarge
        # One parser per request: h11 reads on only when it has seen the response, and those pass unparsed.
        self._parser = _new_parser()
        self.feed(rest)
        return parse_proxy_request(event)


def _new_parser() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)


def parse_proxy_request(request: h11.Request) -> ProxyRequest:
    """Return the target of a request to a proxy, and the head to send there.

    Raises:
        Refusal: not a request to a proxy.
    """
    is_tunnel = request.method == b"CONNECT"
    target = request.target.decode("ascii")
    try:
        parts = urlsplit(f"//{target}" if is_tunnel else target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refusal("400 Bad Request", "malformed") from error
    if not host or not (is_tunnel or parts.scheme == "http"):
        raise Refusal("400 Bad Request", "malformed")
    if is_tunnel:
        return ProxyRequest(host, port or 443, b"", is_tunnel=True, has_body=False)
    has_body = any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in request.headers
    )
    is_last = has_body or request.http_version != b"1.1" or _asks_to_close(request)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        b"%b %b HTTP/1.1" % (request.method, path.encode("ascii")),
        b"Host: " + parts.netloc.rpartition("@")[2].encode("ascii"),
        *(b"%b: %b" % item for item in request.headers.raw_items() if item[0].lower() not in _HOP_BY_HOP),
        *([b"Connection: close"] if is_last else []),
    ]
    return ProxyRequest(host, port or 80, b"\r\n".join((*lines, b"", b"")), is_tunnel=False, has_body=has_body)


def _asks_to_close(request: h11.Request) -> bool:
    names = (b"connection", b"proxy-connection")
    return any(name in names and b"close" in value.lower() for name, value in request.headers)


Dial = Callable[[str, int, Callable[[], asyncio.Protocol]], Awaitable[None]]
"""Connects the protocol to a host and port.

Raises:
    Refusal: the target is not permitted, or does not accept the connection.
"""


class _Side(asyncio.Protocol):
    """One end of a relayed connection: bytes received here are sent at the other end, with backpressure."""

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
        """Whether bytes can still be sent."""
        return self.transport is not None and not self.transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send the bytes, unless this end is closed."""
        if self.transport is not None:
            self.transport.write(data)

    def end(self) -> None:
        """Close once all written bytes have been sent."""
        if self.transport is not None:
            self.transport.close()


class ClientConnection(_Side):
    """A client of the gate."""

    def __init__(self, dial: Dial, connections: "set[ClientConnection]") -> None:
        super().__init__()
        self._dial = dial
        self._connections = connections
        self._reader = RequestReader()
        self._is_piped = False
        """Whether received bytes are relayed unparsed."""
        self._target: tuple[str, int] | None = None
        """Host and port of the other side."""
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._is_piped:
            super().data_received(data)
            return
        self._reader.feed(data)
        if self._dialling is None:
            self._serve()
        elif self.transport is not None and len(self._reader.unread) > MAX_HEAD_BYTES:
            self.transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._connections.discard(self)
        if self._dialling is not None:
            self._dialling.cancel()

    def connected(self, server: _Side, request: ProxyRequest) -> None:
        """Use the connection that was opened for the request; nothing has been received from it yet."""
        self.other, self._target = server, (request.host, request.port)
        if request.is_tunnel:
            self.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._send(request, server)

    async def abort(self) -> None:
        """Close both ends at once, unsent bytes included."""
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.transport.abort()
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.wait([self._dialling])

    def _serve(self) -> None:
        """Forward the complete requests received so far; stop at one that needs another connection."""
        while self._dialling is None and not self._is_piped:
            try:
                request = self._reader.read()
            except HeadTooLarge:
                self.end()
                return
            except Refusal as refusal:
                self._refuse(refusal)
                return
            if request is None:
                return
            self._forward(request)

    def _forward(self, request: ProxyRequest) -> None:
        server = self.other
        if server is not None and server.is_open and self._target == (request.host, request.port):
            self._send(request, server)
            return
        if server is not None:
            # Unlinked first: the end of the old server must not close the client.
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
            server.send(self._reader.unread)
            self._reader = RequestReader()

    def _refuse(self, refusal: Refusal) -> None:
        self.send(refusal.response.encode())
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
