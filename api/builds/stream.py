"""From Prefect to SSE: one live list of events a build, which any number of clients read at their own pace.

The list holds every event from number 1 on, without gaps: what Prefect's stream brings in order is taken
as it comes; whatever it drops, delays or repeats is read from the record (`build_events`).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg import Error as DatabaseError

from tasks.core.database import Pool
from tasks.core.events import BuildEvent, EventDraft, EventType, number_event
from tasks.records.build_events import read_events
from tasks.records.builds import build_exists

logger = logging.getLogger("widget_builder.api")

FILL_S = 1.0
"""How long an event that Prefect did not bring may stay unseen."""


_DELETED = EventDraft(type=EventType.builder_cancelled, message="The widget was deleted")


class BuildStream:
    """All events of one build, growing until the terminal one.

    A build that is deleted with its widget takes its record along: then the stream itself has the last event.
    """

    def __init__(self, pool: Pool, build_id: UUID) -> None:
        self._pool = pool
        self._build_id = build_id
        self._grown = asyncio.Condition()
        self._filling = asyncio.Lock()
        self.events: list[BuildEvent] = []
        self.readers = 0

    @property
    def is_over(self) -> bool:
        """Whether the terminal event is here."""
        return bool(self.events) and self.events[-1].type.is_terminal

    async def take(self, event: BuildEvent) -> None:
        """Take in an event that Prefect brought."""
        if event.seq == len(self.events) + 1:
            await self._add([event])
        elif event.seq > len(self.events):
            await self.fill()

    async def fill(self) -> None:
        """Read from the record what is not here yet."""
        async with self._filling:
            events = await read_events(self._pool, self._build_id, after=len(self.events))
            if not events and not self.is_over and not await build_exists(self._pool, self._build_id):
                events = [number_event(_DELETED, self._build_id, len(self.events) + 1)]
            await self._add(events)

    async def _add(self, events: list[BuildEvent]) -> None:
        async with self._grown:
            for event in events:
                if event.seq == len(self.events) + 1:
                    self.events.append(event)
            self._grown.notify_all()

    async def read(self, after: int = 0) -> AsyncIterator[BuildEvent]:
        """The events numbered above `after`, in order, as they happen; ends after the terminal one."""
        position = after
        while True:
            while position < len(self.events):
                yield self.events[position]
                position += 1
            if self.is_over:
                return
            async with self._grown:
                await self._grown.wait_for(lambda: len(self.events) > position)  # noqa: B023


class Streams:
    """The builds that somebody follows at the moment."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._streams: dict[UUID, BuildStream] = {}

    @asynccontextmanager
    async def open(self, build_id: UUID) -> AsyncIterator[BuildStream]:
        """The build's stream, shared with all who follow it, filled up to now."""
        stream = self._streams.setdefault(build_id, BuildStream(self._pool, build_id))
        stream.readers += 1
        try:
            await stream.fill()
            yield stream
        finally:
            stream.readers -= 1
            if not stream.readers:
                self._streams.pop(build_id, None)

    @property
    def readers(self) -> int:
        """How many follow a build at the moment."""
        return sum(stream.readers for stream in self._streams.values())

    async def take(self, event: BuildEvent) -> None:
        """Pass an event on to those who follow its build, if there are any."""
        if stream := self._streams.get(event.build_id):
            await stream.take(event)

    async def fill_forever(self) -> None:
        """Fill all open streams from the record every second: the net below Prefect's stream."""
        while True:
            await asyncio.sleep(FILL_S)
            for stream in tuple(self._streams.values()):
                if not stream.is_over:
                    with _surviving_outage():
                        await stream.fill()


@contextlib.contextmanager
def _surviving_outage() -> Iterator[None]:
    """A database that is away is asked again a second later."""
    try:
        yield
    except (DatabaseError, OSError) as error:
        logger.warning("events cannot be read at the moment: %s", error)
