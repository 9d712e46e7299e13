"""How fast a host is asked: all lanes, over HTTP and with the browser, take turns here.

A host that says it is asked too much (429, 503) is left alone for a while and then asked less at once; one
that answers nobody is asked less at once, and in the end not at all. Scrapy's own AutoThrottle knows neither
Retry-After nor the browser, and would have a page wait in its own time. Latency needs no rule: lanes that wait
for a slow host ask it less often by themselves.
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
"""How long a host that gives no Retry-After is left alone; doubled each time it refuses again."""
MAX_PAUSE_S = 60.0
"""The longest it is left alone, whatever it says."""
FAILURES_IN_A_ROW = 3
"""A page that hangs is that page's; so many in a row are the host's."""
GIVE_UP_AFTER = 10
"""A host that has failed so often in a row …"""
GIVE_UP_S = 300.0
"""… and for so long is not asked any more."""
JITTER = 0.25
"""How much longer, at most, a pause of our own choosing is: not every crawler comes back at once."""


def parse_retry_after(value: str) -> float | None:
    """Seconds from now, 0 or more, of a Retry-After header (RFC 9110: seconds or a date); `None` if it says nothing."""
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
    """What is known of a host's patience. Times are the loop's."""

    places: float
    """Requests that may be under way at once."""
    delay_s: float
    under_way: int = 0
    next_turn: float = 0.0
    pause_s: float = 0.0
    """The last pause, as long as the host has not answered since."""
    slowed_at: float = 0.0
    failures: int = 0
    """In a row."""
    failing_since: float = 0.0
    last_failure: FetchFailed | None = None
    entrance: asyncio.Lock = field(default_factory=asyncio.Lock)
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Throttle:
    """Turns at asking the hosts of a run: the fetchers take them, so that nobody asks without."""

    def __init__(self, delay_s: float, concurrency: int) -> None:
        self._delay_s = delay_s
        self._concurrency = concurrency
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Wait until the URL's host may be asked, and learn from how the asking inside goes.

        The wait is no part of the page's own time.

        Raises:
            FetchFailed: the host has failed for so long that it is not asked any more.
        """
        host = self._host(url)
        await self._enter(host)
        began = asyncio.get_running_loop().time()
        try:
            yield
        except FetchFailed as error:
            if error.retriable or _asks_for_less(error):
                self._take_in_failure(host, error, began)
            else:
                self._take_in_answer(host, began)
            raise
        except PageError:
            self._take_in_answer(host, began)
            raise
        else:
            self._take_in_answer(host, began)
        finally:
            host.under_way -= 1
            host.freed.set()

    def note(self, url: str, answer: HttpStatus) -> None:
        """Take in an answer that was asked for without a turn."""
        if _asks_for_less(answer):
            self._take_in_failure(self._host(url), answer, asyncio.get_running_loop().time())

    def slow_down(self, url: str, delay_s: float) -> None:
        """Ask the URL's host no more often than every `delay_s` seconds (a robots.txt's Crawl-delay)."""
        host = self._host(url)
        host.delay_s = max(host.delay_s, delay_s)

    def _host(self, url: str) -> _Host:
        name = urlsplit(url).netloc.lower()
        return self._hosts.setdefault(name, _Host(self._concurrency, self._delay_s))

    async def _enter(self, host: _Host) -> None:
        loop = asyncio.get_running_loop()
        # Whoever is first at the entrance waits for a place and for the time; the others wait behind, in order.
        async with host.entrance:
            while True:
                if host.under_way >= int(host.places):
                    host.freed.clear()
                    await host.freed.wait()
                elif (wait_s := host.next_turn - loop.time()) > 0:
                    await asyncio.sleep(wait_s)
                else:
                    break
            if host.failures >= GIVE_UP_AFTER and loop.time() - host.failing_since > GIVE_UP_S:
                raise FetchFailed(f"the host is not asked any more: {host.last_failure}")
            host.next_turn = loop.time() + host.delay_s
            host.under_way += 1

    def _take_in_failure(self, host: _Host, error: FetchFailed, began: float) -> None:
        now = asyncio.get_running_loop().time()
        host.failures += 1
        host.last_failure = error
        if host.failures == 1:
            host.failing_since = now
        if began < host.slowed_at:
            # It was asked for at the old pace: that says nothing about the new one.
            return
        if _asks_for_less(error):
            host.next_turn = max(host.next_turn, now + _pause(host, error))
        elif host.failures % FAILURES_IN_A_ROW:
            return
        host.slowed_at = now
        host.places = max(1.0, host.places / 2)

    def _take_in_answer(self, host: _Host, began: float) -> None:
        host.failures = 0
        if began >= host.slowed_at:
            host.pause_s = 0.0
            # One place more after as many answers as there are places.
            host.places = min(host.places + 1 / host.places, self._concurrency)


def make_throttle(settings: Settings) -> Throttle:
    """As the settings say."""
    return Throttle(settings.crawl_delay_s, settings.host_concurrency or settings.max_fetch_lanes)


def _asks_for_less(error: FetchFailed) -> bool:
    """Whether the host says that it is asked too much."""
    if not isinstance(error, HttpStatus):
        return False
    return error.status in (429, 503) or (error.retry_after_s is not None and (error.status == 403 or error.retriable))


def _pause(host: _Host, refusal: FetchFailed) -> float:
    """Seconds to leave the host alone: what it asks for, else twice the last pause."""
    host.pause_s = min(max(FIRST_PAUSE_S, 2 * host.pause_s), MAX_PAUSE_S)
    own_s = host.pause_s * (1 + random.uniform(0, JITTER))
    asked_s = refusal.retry_after_s if isinstance(refusal, HttpStatus) else None
    return min(asked_s or own_s, MAX_PAUSE_S)
