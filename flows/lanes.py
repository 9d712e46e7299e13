"""Lanes and queues: how a stage of the pipeline takes its work.

A stage is a bounded queue and the lanes that serve it. A lane holds one slot of the stage's global
concurrency limit while it lives, so all runs on all workers together respect the limit at one lease a
lane. Lanes open as work comes and close when they idle or have had their turn, so that a run that waits
for slots gets some.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, TypeVar

T = TypeVar("T")

QUEUE_SIZE = 100
IDLE_S = 2.0
"""A lane without work for so long gives its slot back."""
TURN_S = 30.0
"""A lane that has worked for so long (in the mean) gives its slot back, and asks again if there is more."""
PAUSE_S = 1.0
"""Between the two, so that a run that waits for the slot gets it."""

Slot = Callable[[str], AbstractAsyncContextManager[None]]
Portion = Callable[[Sequence[T]], int]
"""How many of the waiting items a lane takes at once, from the first on; 0: none before the channel changes."""


def one_item(_waiting: Sequence[Any]) -> int:
    """Each by itself."""
    return 1


class Channel(Generic[T]):
    """A first-in-first-out queue that can be closed.

    `put` waits while `size` items are waiting (`size=None`: never). Closing lets the waiting items out.
    """

    def __init__(self, size: int | None = QUEUE_SIZE) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._closed = False
        self._gathering_since = 0.0
        self._condition = asyncio.Condition()

    @property
    def waiting(self) -> Sequence[T]:
        """The items that wait to be taken."""
        return self._items

    @property
    def exhausted(self) -> bool:
        """Whether nothing will ever come again."""
        return self._closed and not self._items

    async def put(self, *items: T) -> None:
        """Add items, one by one, as there is room."""
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
        """A portion of the waiting items; none when the channel is exhausted or patience is over.

        A portion that is not whole is taken `linger_s` seconds after its first item came.
        """
        async with self._condition:
            while True:
                if not await self._wait(lambda: self.exhausted or self._offers(portion) > 0, patience_s):
                    return []
                if linger_s:
                    left_s = self._gathering_since + linger_s - time.monotonic()
                    await self._wait(lambda: self._offers(portion, whole=True) > 0 or self._closed, left_s)
                # While this lane lingered, another may have taken them all: then it waits on.
                if (most := self._offers(portion)) or self.exhausted:
                    break
            taken = [self._items.popleft() for _ in range(most)]
            self._gathering_since = time.monotonic()
            self._condition.notify_all()
            return taken

    def _offers(self, portion: Portion[T], *, whole: bool = False) -> int:
        """How many items can be taken now; none if the portion has to be `whole` and is not."""
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
        """Say that nothing more will be put."""
        async with self._condition:
            self._closed = True
            self._condition.notify_all()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds (looked at whenever the channel changes) or nothing can come."""
        async with self._condition:
            await self._condition.wait_for(lambda: self.exhausted or condition())

    async def nudge(self) -> None:
        """Have those who wait look again."""
        async with self._condition:
            self._condition.notify_all()


class Pace:
    """How long an item takes, the latest counting most."""

    def __init__(self) -> None:
        self._item_s = inf

    def within(self, seconds: float) -> int:
        """How many items a lane does in so long; none when there is nothing to tell by."""
        return int(seconds / self._item_s)

    @contextmanager
    def measure(self, items: int) -> Iterator[None]:
        """Learn from the work inside."""
        began = time.perf_counter()
        yield
        item_s = (time.perf_counter() - began) / items
        self._item_s = item_s if self._item_s == inf else (3 * self._item_s + item_s) / 4


@dataclass
class Lanes(Generic[T]):
    """The lanes that serve one channel with one piece of work."""

    limit: str
    """Name of the global concurrency limit."""
    source: Channel[T]
    most: int
    """Most lanes at once."""
    work: Callable[[list[T]], Awaitable[None]]
    """Handles a batch; page failures are its own business, what it raises ends the build."""
    slot: Slot
    portion: Portion[T] = one_item
    first_linger_s: float = 0
    """How long a lane waits for a portion to be whole when no work has been done yet …"""
    linger_s: float = 0
    """… and later."""
    adaptive: bool = True
    """Open lanes as work comes; else all of them at once."""
    _alive: int = field(default=0, init=False)
    _free: int = field(default=0, init=False)
    _asking: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _has_worked: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Serve the channel until it is exhausted and all work is done."""
        async with asyncio.TaskGroup() as group:
            while not self.source.exhausted:
                while self._wants_lane():
                    self._open_lane(group)
                await self.source.wait_until(self._wants_lane)
            for task in self._asking:
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
        self._asking.add(group.create_task(self._lane()))

    async def _lane(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            async with self.slot(self.limit):
                self._asking.discard(task)
                # Not all at the same moment.
                await self._serve(asyncio.get_running_loop().time() + TURN_S * random.uniform(0.5, 1.5))
                self._asking.add(task)
            if self.source.waiting:
                await asyncio.sleep(PAUSE_S)
        finally:
            self._asking.discard(task)
            self._alive -= 1
            self._free -= 1
            await self.source.nudge()

    async def _serve(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        patience_s = IDLE_S if self.adaptive else None
        while not self.source.exhausted and loop.time() < until:
            linger_s = self.first_linger_s if not self._has_worked else self.linger_s
            items = await self.source.take(self.portion, patience_s=patience_s, linger_s=linger_s)
            if not items:
                if self._free > 1:
                    return
                continue
            self._free -= 1
            try:
                await self.work(items)
            finally:
                self._free += 1
            self._has_worked = True
