"""From Prefect to SSE: one live list of events per build, which any number of clients read at their own pace.

The list holds every event from number 1 on, without gaps. Events that Prefect's stream delivers in order are appended
at once; events it drops, delays or repeats are read from the record (`build_events`).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

import anyio
from psycopg import Error as DatabaseError

from tasks.core.database import Pool
from tasks.core.events import BuildEvent, EventDraft, EventType, number_event
from tasks.records.build_events import read_events
from tasks.records.builds import build_exists

logger = logging.getLogger("widget_builder.api")

FILL_S = 1.0
"""Poll interval for events the Prefect subscription missed."""

_DELETED = EventDraft(type=EventType.builder_cancelled, message="The widget was deleted")


class BuildStream:
    """All events of one build, growing until the terminal event.

    Deleting a widget deletes its builds' records: the stream then makes the terminal event itself.
    """

    def __init__(self, pool: Pool, build_id: UUID) -> None:
        self._pool = pool
        self._build_id = build_id
        self._grown = asyncio.Condition()
        self._filling = asyncio.Lock()
        self._is_left = False
        self.events: list[BuildEvent] = []
        self.readers = 0

    @property
    def is_over(self) -> bool:
        """Whether the terminal event has arrived."""
        return bool(self.events) and self.events[-1].type.is_terminal

    async def add(self, event: BuildEvent) -> None:
        """Append an event from Prefect; fill the gap from the record if earlier events are missing."""
        if event.seq == len(self.events) + 1:
            await self._append([event])
        elif event.seq > len(self.events):
            await self.fill()

    async def fill(self) -> None:
        """Append the events that the record has and the list lacks."""
        async with self._filling:
            events = await read_events(self._pool, self._build_id, after=len(self.events))
            if not events and not self.is_over and not await build_exists(self._pool, self._build_id):
                events = [number_event(_DELETED, self._build_id, len(self.events) + 1)]
            await self._append(events)

    async def is_outdated(self) -> bool:
        """Whether the build was resumed since its terminal event, which then gave way to another event."""
        if not self.is_over:
            return False
        last = await read_events(self._pool, self._build_id, after=len(self.events) - 1, limit=1)
        return bool(last) and not last[0].type.is_terminal

    async def _append(self, events: list[BuildEvent]) -> None:
        async with self._grown:
            for event in events:
                if event.seq == len(self.events) + 1 and not self.is_over:
                    self.events.append(event)
            self._grown.notify_all()

    async def leave(self) -> None:
        """End the reading of all clients after the events that are here."""
        async with self._grown:
            self._is_left = True
            self._grown.notify_all()

    async def read(self, after: int = 0) -> AsyncIterator[BuildEvent]:
        """Yield the events numbered above `after`, in order, as they happen, up to the terminal event.

        It ends without that when the process stops.
        """
        position = after
        while True:
            while position < len(self.events):
                yield self.events[position]
                position += 1
            if self.is_over or self._is_left:
                return
            async with self._grown:
                await self._grown.wait_for(lambda: len(self.events) > position or self._is_left)  # noqa: B023


class Streams:
    """The open streams, one per followed build."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._streams: dict[UUID, BuildStream] = {}
        self.leaving = anyio.Event()
        """Set when the process stops."""

    @asynccontextmanager
    async def open(self, build_id: UUID) -> AsyncIterator[BuildStream]:
        """Open the build's stream, shared by all its clients and filled up to now."""
        known = self._streams.get(build_id)
        if known is not None and await known.is_outdated() and self._streams.get(build_id) is known:
            del self._streams[build_id]
        stream = self._streams.setdefault(build_id, BuildStream(self._pool, build_id))
        stream.readers += 1
        try:
            await stream.fill()
            yield stream
        finally:
            stream.readers -= 1
            if not stream.readers and self._streams.get(build_id) is stream:
                del self._streams[build_id]

    @property
    def readers(self) -> int:
        """Number of clients that follow a build."""
        return sum(stream.readers for stream in self._streams.values())

    async def add(self, event: BuildEvent) -> None:
        """Add an event to its build's stream, if that is open."""
        if stream := self._streams.get(event.build_id):
            await stream.add(event)

    async def end_at_exit(self) -> None:
        """Wait until the process stops, then end all open streams, so that their clients go on elsewhere."""
        await self.leaving.wait()
        for stream in tuple(self._streams.values()):
            await stream.leave()

    async def fill_forever(self) -> None:
        """Fill all open streams from the record every second, for events that Prefect's stream lost."""
        while True:
            await asyncio.sleep(FILL_S)
            for stream in tuple(self._streams.values()):
                if not stream.is_over:
                    with _tolerating_outage():
                        await stream.fill()


@contextlib.contextmanager
def _tolerating_outage() -> Iterator[None]:
    """Log a database outage instead of raising it: the next poll is a second later."""
    try:
        yield
    except (DatabaseError, OSError) as error:
        logger.warning("reading build events failed; retrying: %s", error)
