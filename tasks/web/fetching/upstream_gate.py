"""The way out through another egress gate, for a network that has no other: that gate looks names up and judges."""

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from tasks.web.fetching.forwarding import Refusal

logger = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 20.0
"""Seconds for its answer: it may look a name up, and dial several addresses."""
MAX_ANSWER_BYTES = 16 * 1024


class UpstreamDialler:
    """Connects through the gate at a proxy's URL."""

    def __init__(self, proxy_url: str) -> None:
        parts = urlsplit(proxy_url)
        self._host, self._port = parts.hostname or "", parts.port or 80

    async def dial(self, host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Connect the protocol.

        Raises:
            Refusal: the other gate's, or there is no way to it.
        """
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                _, tunnel = await loop.create_connection(lambda: _Tunnel(target), self._host, self._port)
                try:
                    await tunnel.opened
                except BaseException:
                    tunnel.close()
                    raise
        except TimeoutError as error:
            raise Refusal("504 Gateway Timeout", "timeout") from error
        except OSError as error:
            logger.warning("The egress proxy at %s:%s does not serve: %s", self._host, self._port, error)
            raise Refusal("502 Bad Gateway", "refused") from error
        tunnel.hand_over(protocol())

    async def close(self) -> None:
        """Do nothing: it has no look-ups of its own."""


class _Tunnel(asyncio.Protocol):
    """Asks for a tunnel; then the connection is another protocol's."""

    def __init__(self, target: str) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._target = target
        self._received = self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(f"CONNECT {self._target} HTTP/1.1\r\nHost: {self._target}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, self._rest = self._received.partition(b"\r\n\r\n")
        if self.opened.done() or not (end or len(self._received) > MAX_ANSWER_BYTES):
            return
        if end and head.split()[1:2] == [b"200"]:
            # Not before the other protocol is there.
            self._pause()
            self.opened.set_result(None)
        else:
            self.opened.set_exception(_refusal_of(head.decode("latin-1")))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError())

    def hand_over(self, protocol: asyncio.Protocol) -> None:
        """Let another protocol have the connection."""
        assert self._transport is not None
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if self._rest:
            protocol.data_received(self._rest)
        self._transport.resume_reading()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _pause(self) -> None:
        assert self._transport is not None
        self._transport.pause_reading()


def _refusal_of(head: str) -> Refusal:
    """Return the other gate's refusal; a proxy of another kind gives no reason."""
    status, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Refusal(status.partition(" ")[2] or "502 Bad Gateway", headers.get("x-egress", "refused"))
