"""Connections of this service to addresses that people give it: each goes to the address that was checked.

The crawler's gate is not part of this service; the rules are the same (`tasks.core.egress_policy`).
"""

import contextlib
from collections.abc import Iterable

import httpcore

from tasks.core.egress_policy import EgressPolicy


class CheckedBackend(httpcore.AnyIOBackend):
    """Connects only to addresses that it resolved and checked itself (no DNS rebinding)."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first permitted address of the host that answers; AddressBlocked if none is permitted."""
        *others, last = await self._policy.resolve(host.strip("[]"), port)
        for address in others:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
        return await super().connect_tcp(last, port, timeout, local_address, socket_options)
