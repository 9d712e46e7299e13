"""Rate limiting per host, shared by all lanes of the HTTP fetcher and the browser, and by all runs.

A host that asks to slow down (429, 503) gets a back-off pause and then fewer concurrent requests; one that does
not respond gets fewer concurrent requests, and finally none. Scrapy's AutoThrottle knows neither Retry-After nor
the browser, and its waits would count against the page's timeout. Latency needs no rule: lanes that wait for a
slow host send it fewer requests anyway.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tasks.core.errors import FetchFailed, HttpStatus, PageError
from tasks.core.settings import Settings
from tasks.web.fetching.host_rate import Host, asks_to_slow_down
from tasks.web.fetching.host_sharing import HostSharing, SharedLimits


class Throttle:
    """Hands out turns to request a host; every fetch takes one."""

    def __init__(self, delay_s: float, concurrency: int) -> None:
        self._delay_s = delay_s
        self._concurrency = concurrency
        self._hosts: dict[str, Host] = {}
        self._sharing: HostSharing | None = None
        self.slow_downs = 0
        """Answers that asked to slow down."""

    @asynccontextmanager
    async def shared(self, limits: SharedLimits) -> AsyncIterator[None]:
        """Share the limits of hosts with other runs until the context is left."""
        async with HostSharing(limits, self._hosts) as sharing:
            self._sharing = sharing
            try:
                yield
            finally:
                self._sharing = None

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Wait until the URL's host may be requested, and record the outcome of the block.

        The wait does not count against the page's timeout.

        Raises:
            FetchFailed: the host has failed too often and is no longer requested.
        """
        name = name_host(url)
        host = self._host(name)
        await self._enter(name, host)
        began = asyncio.get_running_loop().time()
        try:
            yield
        except FetchFailed as error:
            if error.retriable or asks_to_slow_down(error):
                self._record_failure(host, error, began)
            else:
                host.record_success(began)
            raise
        except PageError:
            host.record_success(began)
            raise
        else:
            host.record_success(began)
        finally:
            host.under_way -= 1
            host.freed.set()

    def record_response(self, url: str, response: HttpStatus) -> None:
        """Record the response to a request that was made without a turn."""
        if asks_to_slow_down(response):
            self._record_failure(self._host(name_host(url)), response, asyncio.get_running_loop().time())

    def slow_down(self, url: str, delay_s: float) -> None:
        """Leave at least `delay_s` seconds between requests to the URL's host (Crawl-delay of robots.txt)."""
        host = self._host(name_host(url))
        host.delay_s = max(host.delay_s, delay_s)

    def _host(self, name: str) -> Host:
        return self._hosts.setdefault(name, Host(self._concurrency, self._delay_s))

    def _record_failure(self, host: Host, error: FetchFailed, began: float) -> None:
        host.record_failure(error, began)
        self.slow_downs += asks_to_slow_down(error)
        if self._sharing is not None and host.slow_down is not None:
            self._sharing.announce()

    async def _enter(self, name: str, host: Host) -> None:
        """Wait for the host's next turn."""
        # The first in the queue waits for a free slot and for its time; the lock keeps the others in order.
        async with host.entry:
            if self._sharing is not None:
                await self._sharing.join(name, host)
            turn_at: float | None = None
            while True:
                now = asyncio.get_running_loop().time()
                if not host.has_room:
                    host.freed.clear()
                    await host.freed.wait()
                elif (wait_s := host.next_turn - now) > 0:
                    await asyncio.sleep(wait_s)
                elif self._sharing is not None and host.delay_s and (turn_at is None or turn_at < host.next_turn):
                    # None yet, or a pause has made the reserved one void.
                    turn_at = now + await self._sharing.reserve_turn(name, host)
                    host.next_turn = turn_at
                else:
                    break
            if host.is_given_up:
                raise FetchFailed(f"the host failed too often and is no longer requested: {host.last_failure}")
            host.next_turn = asyncio.get_running_loop().time() + (0 if turn_at is not None else host.delay_s)
            host.under_way += 1


def name_host(url: str) -> str:
    """Return the name and port of the URL's host."""
    return urlsplit(url).netloc.lower()


def make_throttle(settings: Settings) -> Throttle:
    """Create a throttle from the settings."""
    return Throttle(settings.crawl_delay_s, settings.host_concurrency or settings.max_fetch_lanes)
