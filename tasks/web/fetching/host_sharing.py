"""Sharing of hosts between runs: a run's share of each host that it requests, renewed while it does."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from tasks.core.database import CONNECTION_ERRORS
from tasks.records.host_claims import HostGrant
from tasks.web.fetching.host_rate import Host

logger = logging.getLogger("widget_builder.web")

ALONE_S = 1.0
"""Seconds between two renewals of a host that no other run requests: so long may a run that joins have to wait …"""
SHARED_S = 0.25
"""… and of one that is shared: so late may a run know that the host has asked another one to slow down."""


class SharedLimits(Protocol):
    """The limits of hosts as all runs know them (`tasks.records.host_claims`)."""

    async def renew(self, host: str, most: int, *, under_way: int = 0, successes: int = 0) -> HostGrant:
        """Claim a share of the host, or renew the claim."""

    async def reserve_turn(self, host: str, delay_s: float) -> float:
        """Reserve the host's next turn; return the seconds until then."""

    async def slow_down(self, host: str, pause_s: float, *, sent_ago_s: float) -> None:
        """Leave the host alone for a while, in all runs."""

    async def release(self, host: str) -> None:
        """Give up the claim on a host."""


class HostSharing:
    """Keeps the hosts of one run in step with other runs; a context manager.

    While the database is out of reach, a host's last share stays.
    """

    def __init__(self, limits: SharedLimits, hosts: Mapping[str, Host]) -> None:
        self._limits = limits
        self._hosts = hosts
        self._shared: set[str] = set()
        """Hosts that other runs request too."""
        self._has_news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._keeper.cancel()
        await asyncio.wait([self._keeper])
        for name, host in self._hosts.items():
            await self._release(name, host)

    def announce(self) -> None:
        """Tell the other runs soon that a host has asked to slow down."""
        self._has_news.set()

    async def join(self, name: str, host: Host) -> None:
        """Claim a share of a host that is to be requested, unless the run has one."""
        host.is_used = True
        if host.granted is None:
            try:
                await self._renew(name, host)
            except CONNECTION_ERRORS as error:
                logger.warning("%s is requested without regard to other runs: %s", name, error)

    async def reserve_turn(self, name: str, host: Host) -> float:
        """Return the seconds until the host's next turn, which is now this run's."""
        try:
            return await self._limits.reserve_turn(name, host.delay_s)
        except CONNECTION_ERRORS as error:
            logger.warning("the next turn of %s is not shared with other runs: %s", name, error)
            return host.delay_s

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SHARED_S if self._shared else ALONE_S):
                    await self._has_news.wait()
            self._has_news.clear()
            for name, host in tuple(self._hosts.items()):
                try:
                    await self._update(name, host)
                except CONNECTION_ERRORS as error:
                    logger.warning("the share of %s could not be renewed: %s", name, error)

    async def _update(self, name: str, host: Host) -> None:
        """Renew the claim on a host in use, and give up that on any other."""
        if asked := host.slow_down:
            host.slow_down = None
            if host.granted is None:
                # It was asked without a turn, for its robots.txt.
                await self._renew(name, host)
            sent_ago_s = asyncio.get_running_loop().time() - asked.sent_at
            await self._limits.slow_down(name, asked.pause_s, sent_ago_s=sent_ago_s)
        if host.is_used or host.under_way or host.entry.locked():
            host.is_used = False
            await self._renew(name, host)
        elif host.granted is not None:
            await self._release(name, host)

    async def _renew(self, name: str, host: Host) -> None:
        successes, host.successes = host.successes, 0
        grant = await self._limits.renew(name, host.concurrency, under_way=host.under_way, successes=successes)
        host.granted = grant.slots
        if not grant.is_shared:
            self._shared.discard(name)
        elif name not in self._shared:
            self._shared.add(name)
            self._has_news.set()
        if grant.pause_s:
            host.pause(grant.pause_s)
        host.freed.set()

    async def _release(self, name: str, host: Host) -> None:
        host.granted = None
        self._shared.discard(name)
        with suppress(*CONNECTION_ERRORS):  # It expires by itself.
            await self._limits.release(name)
