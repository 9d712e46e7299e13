"""The rate at which one host is requested: slots that fall when it asks to slow down, and back-off pauses."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from tasks.core.errors import FetchFailed, HttpStatus

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


@dataclass(frozen=True)
class SlowDown:
    """A host's wish to be requested less, for other runs."""

    pause_s: float
    sent_at: float
    """Time of the request that it answered so."""


@dataclass
class Host:
    """Rate limit state of a host. Times are the loop's."""

    concurrency: int
    """Most concurrent requests."""
    delay_s: float
    under_way: int = 0
    next_turn: float = 0.0
    failures: int = 0
    """In a row."""
    failing_since: float = 0.0
    last_failure: FetchFailed | None = None
    granted: int | None = None
    """This run's share of the host, which other runs request too; None: it is not shared."""
    is_used: bool = False
    """Whether it was requested since the last look at its share."""
    successes: int = 0
    """The same for answers that ask nothing …"""
    slow_down: SlowDown | None = None
    """… and for the latest answer that asks to slow down."""
    entry: asyncio.Lock = field(default_factory=asyncio.Lock)
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    _pause_s: float = 0.0
    """The last back-off pause; 0 after a success."""
    _slowed_at: float = 0.0

    def __post_init__(self) -> None:
        self._slots = float(self.concurrency)

    @property
    def has_room(self) -> bool:
        """Whether another request may be under way."""
        slots = int(self._slots)
        return self.under_way < (slots if self.granted is None else min(slots, self.granted))

    @property
    def is_given_up(self) -> bool:
        """Whether it has failed too often for too long."""
        lasted_s = asyncio.get_running_loop().time() - self.failing_since
        return self.failures >= GIVE_UP_AFTER and lasted_s > GIVE_UP_S

    def pause(self, seconds: float) -> None:
        """Leave the host alone for some seconds."""
        self.next_turn = max(self.next_turn, asyncio.get_running_loop().time() + seconds)

    def record_failure(self, error: FetchFailed, began: float) -> None:
        """Record a failure of a request that began then: the host gets a pause, fewer requests, or none any more."""
        now = asyncio.get_running_loop().time()
        self.failures += 1
        self.last_failure = error
        if self.failures == 1:
            self.failing_since = now
        if began < self._slowed_at:
            # Sent before the last slow-down: says nothing about the new rate.
            return
        if asks_to_slow_down(error):
            pause_s = self._next_pause(error)
            self.pause(pause_s)
            self.slow_down = SlowDown(pause_s, began)
        elif self.failures % FAILURES_IN_A_ROW:
            return
        self._slowed_at = now
        self._slots = max(1.0, self._slots / 2)

    def record_success(self, began: float) -> None:
        """Record that the host has answered a request that began then, whatever it says of the page."""
        self.failures = 0
        if began >= self._slowed_at:
            self.successes += 1
            self._pause_s = 0.0
            # Additive increase: one slot more after as many successes as there are slots.
            self._slots = min(self._slots + 1 / self._slots, self.concurrency)

    def _next_pause(self, refusal: FetchFailed) -> float:
        """Return the seconds of back-off: the host's Retry-After, else twice the last pause."""
        self._pause_s = min(max(FIRST_PAUSE_S, 2 * self._pause_s), MAX_PAUSE_S)
        own_s = self._pause_s * (1 + random.uniform(0, JITTER))
        asked_s = refusal.retry_after_s if isinstance(refusal, HttpStatus) else None
        return min(asked_s or own_s, MAX_PAUSE_S)


def asks_to_slow_down(error: FetchFailed) -> bool:
    """Whether the host signals too many requests."""
    if not isinstance(error, HttpStatus):
        return False
    return error.status in (429, 503) or (error.retry_after_s is not None and (error.status == 403 or error.retriable))
