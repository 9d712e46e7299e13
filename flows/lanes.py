"""Lanes and queues: a stage of the pipeline is a bounded queue with the lanes (workers) that serve it.

A lane holds one slot of the stage's global concurrency limit while it is open, so that all runs on all
workers together respect the limit, at one lease a lane. Lanes open when work arrives, and close when they
are idle or their turn is over, so that a run waiting for slots gets some.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")

QUEUE_SIZE = 100
"""Most items that wait between two stages: backpressure for the producer."""
IDLE_S = 2.0
"""Seconds without work after which a lane releases its slot."""
TURN_S = 30.0
"""Mean seconds of work after which a lane releases its slot, and requests another if work is left."""
PAUSE_S = 1.0
"""Seconds between the two, so that a run waiting for the slot gets it."""

Slot = Callable[[str], AbstractAsyncContextManager[None]]
Portion = Callable[[Sequence[T]], int]
"""Number of waiting items that a lane takes at once, the oldest first; 0: none until the channel changes."""


def one_item(_waiting: Sequence[Any]) -> int:
    """A portion of one item."""
    return 1


class Channel(Generic[T]):
    """A first-in-first-out queue with backpressure that can be closed.

    `put` blocks while `size` items are waiting (`size=None`: never). Items that wait when it is closed can still
    be taken.
    """

    def __init__(self, size: int | None = QUEUE_SIZE) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._closed = False
        self._gathering_since = 0.0
        self._condition = asyncio.Condition()

    @property
    def waiting(self) -> Sequence[T]:
        """Items not taken yet, the oldest first."""
        return self._items

    @property
    def exhausted(self) -> bool:
        """Whether the channel is closed and empty."""
        return self._closed and not self._items

    async def put(self, *items: T) -> None:
        """Add items one by one; block while the channel is full."""
        async with self._condition:
            for item in items:
                while self._size is not None and len(self._items) >= self._size:
                    await self._condition.wait()
                if not self._items:
                    self._gathering_since = time.monotonic()
                self._items.append(item)
                self._condition.notify_all()

    async def take(
        self, portion: Portion[T] = one_item, *, patience_s: float | None = None, linger_s: float = 0
    ) -> list[T]:
        """Take a portion of the waiting items; none if the channel is exhausted or `patience_s` has passed.

        A portion that is not whole is taken `linger_s` seconds after its first item arrived.
        """
        async with self._condition:
            while True:
                if not await self._wait(lambda: self.exhausted or self._offers(portion) > 0, patience_s):
                    return []
                if linger_s:
                    left_s = self._gathering_since + linger_s - time.monotonic()
                    await self._wait(lambda: self._offers(portion, whole=True) > 0 or self._closed, left_s)
                # Another lane may have taken all items while this one lingered: then it waits again.
                if (most := self._offers(portion)) or self.exhausted:
                    break
            taken = [self._items.popleft() for _ in range(most)]
            self._gathering_since = time.monotonic()
            self._condition.notify_all()
            return taken

    def _offers(self, portion: Portion[T], *, whole: bool = False) -> int:
        """Return how many items can be taken now; 0 if the portion must be `whole` and is not."""
        if not self._items:
            return 0
        most = portion(self._items)
        return 0 if whole and most > len(self._items) else min(most, len(self._items))

    async def _wait(self, condition: Callable[[], bool], seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._condition.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Close the channel to new items."""
        async with self._condition:
            self._closed = True
            self._condition.notify_all()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds or the channel is exhausted; checked whenever the channel changes."""
        async with self._condition:
            await self._condition.wait_for(lambda: self.exhausted or condition())

    async def wake_waiters(self) -> None:
        """Wake all waiters to re-check their conditions."""
        async with self._condition:
            self._condition.notify_all()


@dataclass
class Lanes(Generic[T]):
    """The lanes that serve one channel with one function."""

    limit: str
    """Name of the global concurrency limit."""
    source: Channel[T]
    most: int
    """Most lanes at once; may change while they run (`flows.lane_growth`)."""
    work: Callable[[list[T]], Awaitable[None]]
    """Processes a batch. It handles failures of pages itself; an exception it raises ends the build."""
    slot: Slot
    portion: Portion[T] = one_item
    first_linger_s: float = 0
    """Longest time in seconds that the first portion waits to be whole."""
    linger_s: float = 0
    """The same for later portions."""
    adaptive: bool = True
    """Open lanes as work arrives; if false, all at once."""
    done: int = field(default=0, init=False)
    """Items worked on."""
    _alive: int = field(default=0, init=False)
    """Lanes opened and not closed yet."""
    _free: int = field(default=0, init=False)
    """Lanes among them that are not at work."""
    _without_slot: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    """Lanes that wait for a slot or release it; cancelled when the channel is exhausted."""
    _leaving: set[asyncio.Task[None] | None] = field(default_factory=set, init=False)
    """Lanes that close because there are more than `most`."""
    _has_worked: bool = field(default=False, init=False)

    @property
    def working(self) -> int:
        """Lanes at work."""
        return self._alive - self._free

    @property
    def idle(self) -> int:
        """Lanes that wait: for a slot, or for work."""
        return self._free

    async def run(self) -> None:
        """Serve the channel until it is exhausted and all work is done."""
        async with asyncio.TaskGroup() as group:
            while not self.source.exhausted:
                while self._wants_lane():
                    self._open_lane(group)
                await self.source.wait_until(self._wants_lane)
            for task in self._without_slot:
                task.cancel()

    def _wants_lane(self) -> bool:
        if self._alive >= self.most:
            return False
        waiting = self.source.waiting
        portion = self.portion(waiting)
        return not self.adaptive or (portion > 0 and len(waiting) > self._free * portion)

    def _open_lane(self, group: asyncio.TaskGroup) -> None:
        self._alive += 1
        self._free += 1
        self._without_slot.add(group.create_task(self._lane()))

    async def _lane(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            async with self.slot(self.limit):
                self._without_slot.discard(task)
                # Jitter: lanes must not all release their slots at the same moment.
                await self._serve(asyncio.get_running_loop().time() + TURN_S * random.uniform(0.5, 1.5))
                self._without_slot.add(task)
            if self.source.waiting:
                await asyncio.sleep(PAUSE_S)
        finally:
            self._without_slot.discard(task)
            self._leaving.discard(task)
            self._alive -= 1
            self._free -= 1
            await self.source.wake_waiters()

    async def _serve(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        patience_s = IDLE_S if self.adaptive else None
        while not self.source.exhausted and loop.time() < until:
            linger_s = self.first_linger_s if not self._has_worked else self.linger_s
            items = await self.source.take(self.portion, patience_s=patience_s, linger_s=linger_s)
            if not items:
                # The last free lane stays open, so that new work need not wait for a slot.
                if self._free > 1:
                    return
                continue
            self._free -= 1
            try:
                await self.work(items)
            finally:
                self._free += 1
            self.done += len(items)
            self._has_worked = True
            if self._alive - len(self._leaving) > self.most:
                self._leaving.add(asyncio.current_task())
                return
