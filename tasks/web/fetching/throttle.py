"""Rate limiting per host, shared by all lanes of the HTTP fetcher and the browser.

A host that asks to slow down (429, 503) gets a back-off pause and then fewer concurrent requests; one that does
not respond gets fewer concurrent requests, and finally none. Scrapy's AutoThrottle knows neither Retry-After nor
the browser, and its waits would count against the page's timeout. Latency needs no rule: lanes that wait for a
slow host send it fewer requests anyway.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from urllib.parse import urlsplit

from tasks.core.errors import FetchFailed, HttpStatus, PageError
from tasks.core.settings import Settings

FIRST_PAUSE_S = 1.0
"""First back-off pause of a host without Retry-After; doubled at each further refusal."""
MAX_PAUSE_S = 60.0
"""Longest back-off pause, also for a Retry-After."""
FAILURES_IN_A_ROW = 3
"""Failures in a row that count as the host's fault, not a single page's."""
GIVE_UP_AFTER = 10
"""A host with this many failures in a row …"""
GIVE_UP_S = 300.0
"""… over at least this many seconds gets no more requests."""
JITTER = 0.25
"""Largest random extension of our own back-off pauses, so that crawlers do not all return at once."""


def parse_retry_after(value: str) -> float | None:
    """Return seconds from now, 0 or more, of a Retry-After header (RFC 9110: seconds or a date); `None` if invalid."""
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if isfinite(seconds) else None


@dataclass
class _Host:
    """Rate limit state of a host. Times are the loop's."""

    slots: float
    """Concurrent requests allowed."""
    delay_s: float
    under_way: int = 0
    next_turn: float = 0.0
    pause_s: float = 0.0
    """The last back-off pause; 0 after a success."""
    slowed_at: float = 0.0
    failures: int = 0
    """In a row."""
    failing_since: float = 0.0
    last_failure: FetchFailed | None = None
    entry: asyncio.Lock = field(default_factory=asyncio.Lock)
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Throttle:
    """Hands out turns to request a host; every fetch takes one."""

    def __init__(self, delay_s: float, concurrency: int) -> None:
        self._delay_s = delay_s
        self._concurrency = concurrency
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Wait until the URL's host may be requested, and record the outcome of the block.

        The wait does not count against the page's timeout.

        Raises:
            FetchFailed: the host has failed too often and is no longer requested.
        """
        host = self._host(url)
        await self._enter(host)
        began = asyncio.get_running_loop().time()
        try:
            yield
        except FetchFailed as error:
            if error.retriable or _asks_to_slow_down(error):
                self._record_failure(host, error, began)
            else:
                self._record_success(host, began)
            raise
        except PageError:
            self._record_success(host, began)
            raise
        else:
            self._record_success(host, began)
        finally:
            host.under_way -= 1
            host.freed.set()

    def record_response(self, url: str, response: HttpStatus) -> None:
        """Record the response to a request that was made without a turn."""
        if _asks_to_slow_down(response):
            self._record_failure(self._host(url), response, asyncio.get_running_loop().time())

    def slow_down(self, url: str, delay_s: float) -> None:
        """Leave at least `delay_s` seconds between requests to the URL's host (Crawl-delay of robots.txt)."""
        host = self._host(url)
        host.delay_s = max(host.delay_s, delay_s)

    def _host(self, url: str) -> _Host:
        name = urlsplit(url).netloc.lower()
        return self._hosts.setdefault(name, _Host(self._concurrency, self._delay_s))

    async def _enter(self, host: _Host) -> None:
        loop = asyncio.get_running_loop()
        # The first in the queue waits for a free slot and for its time; the lock keeps the others in order.
        async with host.entry:
            while True:
                if host.under_way >= int(host.slots):
                    host.freed.clear()
                    await host.freed.wait()
                elif (wait_s := host.next_turn - loop.time()) > 0:
                    await asyncio.sleep(wait_s)
                else:
                    break
            if host.failures >= GIVE_UP_AFTER and loop.time() - host.failing_since > GIVE_UP_S:
                raise FetchFailed(f"the host failed too often and is no longer requested: {host.last_failure}")
            host.next_turn = loop.time() + host.delay_s
            host.under_way += 1

    def _record_failure(self, host: _Host, error: FetchFailed, began: float) -> None:
        now = asyncio.get_running_loop().time()
        host.failures += 1
        host.last_failure = error
        if host.failures == 1:
            host.failing_since = now
        if began < host.slowed_at:
            # Sent before the last slow-down: says nothing about the new rate.
            return
        if _asks_to_slow_down(error):
            host.next_turn = max(host.next_turn, now + _pause(host, error))
        elif host.failures % FAILURES_IN_A_ROW:
            return
        host.slowed_at = now
        host.slots = max(1.0, host.slots / 2)

    def _record_success(self, host: _Host, began: float) -> None:
        host.failures = 0
        if began >= host.slowed_at:
            host.pause_s = 0.0
            # Additive increase: one slot more after as many successes as there are slots.
            host.slots = min(host.slots + 1 / host.slots, self._concurrency)


def make_throttle(settings: Settings) -> Throttle:
    """Create a throttle from the settings."""
    return Throttle(settings.crawl_delay_s, settings.host_concurrency or settings.max_fetch_lanes)


def _asks_to_slow_down(error: FetchFailed) -> bool:
    """Whether the host signals too many requests."""
    if not isinstance(error, HttpStatus):
        return False
    return error.status in (429, 503) or (error.retry_after_s is not None and (error.status == 403 or error.retriable))


def _pause(host: _Host, refusal: FetchFailed) -> float:
    """Seconds of back-off: the host's Retry-After, else twice the last pause."""
    host.pause_s = min(max(FIRST_PAUSE_S, 2 * host.pause_s), MAX_PAUSE_S)
    own_s = host.pause_s * (1 + random.uniform(0, JITTER))
    asked_s = refusal.retry_after_s if isinstance(refusal, HttpStatus) else None
    return min(asked_s or own_s, MAX_PAUSE_S)
