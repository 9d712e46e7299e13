"""The egress gate: a forward proxy on loopback that connects to permitted addresses only.

All fetchers go through it, so redirects, sub-resources, scripts and host names that change their address
(DNS rebinding) meet the same check (`tasks.core.egress_policy`): the gate resolves, checks and dials the same address.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.core.egress_policy import EgressPolicy, StackEndpoint
from tasks.core.errors import AddressBlocked
from tasks.web.fetching.forwarding import ClientConnection, Refusal
from tasks.web.fetching.upstream_gate import UpstreamDialler

HOST = "127.0.0.1"
CONNECT_TIMEOUT_S = 10.0
"""Seconds for all addresses of a host together."""
DNS_CACHE_S = 60.0
"""Seconds the addresses of a host and port are reused: a resolver that hangs on one name delays all others."""
MAX_ENTRIES = 1_000
"""Limit of each cache: refusals, and resolved names."""


@dataclass(frozen=True)
class Gate:
    """An open egress gate."""

    proxy_url: str
    """`http://127.0.0.1:PORT`, if it does not listen elsewhere"""
    _refusals: dict[tuple[str, int], str] = field(default_factory=dict, repr=False)

    def refusal_reason(self, host: str, port: int) -> str | None:
        """The reason why the last connection there was refused (`X-Egress`); Chromium hides it for tunnels."""
        return self._refusals.get((host, port))

    def record_attempt(self, host: str, port: int, reason: str | None) -> None:
        """Record the result of the last attempt; `None`: connected."""
        self._refusals.pop((host, port), None)
        if reason is not None:
            self._refusals[host, port] = reason
            _drop_oldest(self._refusals)


class _Dialler:
    """Connects to permitted addresses only: those that it resolved and checked itself."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._cache: dict[tuple[str, int], tuple[float, list[str]]] = {}
        """By host and port: the time of the check, and the permitted addresses."""
        self._lookups: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def dial(self, host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Connect the protocol.

        Raises:
            Refusal: no address is permitted, or none accepts the connection.
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
            self._cache.pop((host, port), None)
            raise Refusal("502 Bad Gateway", "refused") from error

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The host's permitted addresses; concurrent requests share one look-up."""
        target = (host, port)
        checked_at, addresses = self._cache.get(target, (-DNS_CACHE_S, []))
        if time.monotonic() - checked_at < DNS_CACHE_S:
            return addresses
        if target not in self._lookups:
            self._lookups[target] = asyncio.create_task(self._look_up(target))
        return await asyncio.shield(self._lookups[target])

    async def _look_up(self, target: tuple[str, int]) -> list[str]:
        try:
            addresses = await self._policy.resolve(*target)
        finally:
            del self._lookups[target]
        self._cache.pop(target, None)
        self._cache[target] = (time.monotonic(), addresses)
        _drop_oldest(self._cache)
        return addresses

    async def close(self) -> None:
        """Cancel the look-ups in progress."""
        for task in self._lookups.values():
            task.cancel()
        await asyncio.gather(*self._lookups.values(), return_exceptions=True)


async def _dial_first(addresses: Sequence[str], port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
    """Connect to the first of the checked addresses that accepts."""
    loop = asyncio.get_running_loop()
    *others, last = addresses
    for address in others:
        # A dead IPv6 address must not use up the whole timeout (RFC 8305).
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CONNECT_TIMEOUT_S / len(addresses)):
                await loop.create_connection(protocol, address, port)
                return
    await loop.create_connection(protocol, last, port)


def _drop_oldest(entries: dict[Any, Any]) -> None:
    if len(entries) > MAX_ENTRIES:
        del entries[next(iter(entries))]


@asynccontextmanager
async def open_gate(
    policy: EgressPolicy, *, upstream: str | None = None, host: str = HOST, port: int = 0
) -> AsyncIterator[Gate]:
    """Open a gate to what the policy permits, itself excepted; close it on exit.

    `upstream`: the URL of another gate, through which everything goes, and whose policy counts in place of this one.

    Raises:
        OSError: it cannot listen there.
    """
    loop = asyncio.get_running_loop()
    connections: set[ClientConnection] = set()

    async def dial(target: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        reason: str | None = None
        try:
            await dialler.dial(target, port, protocol)
        except Refusal as refusal:
            reason = refusal.reason
            raise
        finally:
            gate.record_attempt(target, port, reason)

    server = await loop.create_server(lambda: ClientConnection(dial, connections), host, port)
    itself = StackEndpoint(host, server.sockets[0].getsockname()[1])
    own = replace(policy, own=(*policy.own, itself))
    dialler = _Dialler(own) if upstream is None else UpstreamDialler(upstream)
    gate = Gate(f"http://{host}:{itself.port}")
    try:
        yield gate
    finally:
        server.close()
        for connection in tuple(connections):
            await connection.abort()
        await dialler.close()
