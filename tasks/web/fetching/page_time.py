"""The time that one page may take, shared by all attempts at it, whichever fetcher makes them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tasks.core.errors import PageError

LEAST_S = 1.0
"""Seconds with fewer of which another attempt is not worth its request."""


class PageTime:
    """Remainder of one page's timeout; waiting for a turn at its host does not count."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.left_s = limit_s
        self._deadline = 0.0
        """Of the attempt that is under way, in the loop's time."""
        self._is_under_way = asyncio.Event()

    @property
    def is_spent(self) -> bool:
        """Whether a further attempt could not succeed."""
        return self.left_s < min(LEAST_S, self.limit_s / 2)

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[float]:
        """Run the block within the time left, and deduct what it took; yields the deadline, in the loop's time.

        Raises:
            TimeoutError: the time is used up.
        """
        clock = asyncio.get_running_loop().time
        self._deadline = clock() + self.left_s
        self._is_under_way.set()
        try:
            async with asyncio.timeout_at(self._deadline):
                yield self._deadline
        finally:
            self._is_under_way.clear()
            self.left_s = max(0.0, self._deadline - clock())

    async def wait_until_left(self, seconds: float) -> None:
        """Wait until an attempt is under way and has only so many seconds left."""
        await self._is_under_way.wait()
        await asyncio.sleep(self._deadline - seconds - asyncio.get_running_loop().time())


class PageTimes:
    """The times of pages that are being fetched, or that have failed and may be tried again."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._times: dict[str, PageTime] = {}

    @contextmanager
    def attempt(self, url: str) -> Iterator[PageTime]:
        """Provide what earlier attempts have left of the page's time; an error that leaves none is made final."""
        time = self._times.setdefault(url, PageTime(self._limit_s))
        may_follow = False
        try:
            yield time
        except PageError as error:
            if time.is_spent:
                error.as_final()
            may_follow = error.retriable
            raise
        finally:
            if not may_follow:
                self._times.pop(url, None)
