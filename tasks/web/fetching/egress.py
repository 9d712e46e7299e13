"""The one gate to the web: a forward proxy on loopback that dials public addresses only.

Every fetcher goes through it, so redirects, sub-resources, scripts and names that change their answer
(DNS rebinding) meet the same check: it resolves, judges and dials the same address.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tasks.core.addresses import resolve_host
from tasks.core.errors import AddressBlocked
from tasks.core.settings import Network
from tasks.web.fetching.forwarding import ClientConnection, Refusal

CONNECT_TIMEOUT_S = 10.0
"""For all addresses of a host together."""
NAME_KEPT_S = 60.0
"""How long a name's addresses are used without asking again: a resolver that hangs on one name hangs on all."""
MAX_REMEMBERED = 1_000
"""Refused connections, and names, that are remembered."""


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
            _forget_oldest(self._refusals)


class _Dialler:
    """Connects to permitted addresses only: those it resolved and judged itself."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = allow
        self._names: dict[str, tuple[float, list[str]]] = {}
        """When a name was judged, and its permitted addresses."""
        self._asking: dict[str, asyncio.Task[list[str]]] = {}

    async def dial(self, host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Connect the protocol.

        Raises:
            Refusal: no address is permitted, or none answers.
        """
        try:
            addresses = await self._addresses(host, port)
        except AddressBlocked as error:
            raise Refusal("403 Forbidden", "blocked") from error
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await _dial_first(addresses, port, protocol)
        except TimeoutError as error:
            raise Refusal("504 Gateway Timeout", "timeout") from error
        except OSError as error:
            self._names.pop(host, None)
            raise Refusal("502 Bad Gateway", "refused") from error

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The host's permitted addresses; all who ask at once share one look-up."""
        judged_at, addresses = self._names.get(host, (-NAME_KEPT_S, []))
        if time.monotonic() - judged_at < NAME_KEPT_S:
            return addresses
        if host not in self._asking:
            self._asking[host] = asyncio.create_task(self._look_up(host, port))
        return await asyncio.shield(self._asking[host])

    async def _look_up(self, host: str, port: int) -> list[str]:
        try:
            addresses = await resolve_host(host, port, self._allow)
        finally:
            del self._asking[host]
        self._names.pop(host, None)
        self._names[host] = (time.monotonic(), addresses)
        _forget_oldest(self._names)
        return addresses

    async def close(self) -> None:
        """Give up the look-ups that are under way."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)


async def _dial_first(addresses: Sequence[str], port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
    """Connect to the first address that answers; only those already judged are tried."""
    loop = asyncio.get_running_loop()
    *others, last = addresses
    for address in others:
        # A host with a dead IPv6 address must not cost the whole time (RFC 8305).
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CONNECT_TIMEOUT_S / len(addresses)):
                await loop.create_connection(protocol, address, port)
                return
    await loop.create_connection(protocol, last, port)


def _forget_oldest(remembered: dict[Any, Any]) -> None:
    if len(remembered) > MAX_REMEMBERED:
        del remembered[next(iter(remembered))]


@asynccontextmanager
async def open_gate(allow: Sequence[Network]) -> AsyncIterator[Gate]:
    """A gate that lets through to public addresses and to `allow`; closed on leaving."""
    loop = asyncio.get_running_loop()
    connections: set[ClientConnection] = set()
    dialler = _Dialler(allow)

    async def dial(host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        reason: str | None = None
        try:
            await dialler.dial(host, port, protocol)
        except Refusal as refusal:
            reason = refusal.reason
            raise
        finally:
            gate.remember(host, port, reason)

    server = await loop.create_server(lambda: ClientConnection(dial, connections), "127.0.0.1", 0)
    try:
        gate = Gate(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield gate
    finally:
        server.close()
        for connection in tuple(connections):
            await connection.abort()
        await dialler.close()
