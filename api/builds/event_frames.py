"""SSE frames of a build: its numbered events and, on request, the flow run's log records between them.

A log frame has no `id`, so that `Last-Event-ID` counts the build's events only.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from sse_starlette import ServerSentEvent

from api.app_state import AppState
from api.http.event_streams import farewell
from tasks.core.errors import NotFound
from tasks.core.events import BuildEvent, EventType
from tasks.records.builds import read_build

LOGS_S = 1.0
"""Poll interval for the run's log records."""
LAST_LOGS_S = 3.0
"""Most seconds that the terminal event waits for the log records before it."""


async def build_frames(
    state: AppState, build_id: UUID, *, after: int, with_logs: bool, owner_token: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events numbered above `after`, up to the terminal event, or to a farewell when the process stops.

    The owner token is added to `builder_started` of this stream alone; the stored event does not contain it.
    """
    async with state.streams.open(build_id) as stream:
        events = stream.read(after)
        if with_logs:
            async for frame in _merge(events, _RunLog(state, build_id), owner_token):
                yield frame
        else:
            async for event in events:
                yield _event_frame(event, owner_token)
        if not stream.is_over:
            yield farewell()


def _event_frame(event: BuildEvent, owner_token: str | None) -> ServerSentEvent:
    if event.type is EventType.builder_started and owner_token is not None:
        event = event.model_copy(update={"data": {**event.data, "owner_token": owner_token}})
    return ServerSentEvent(data=event.to_json(), id=str(event.seq))


class _RunLog:
    """The log records of a build's flow run, each read once."""

    def __init__(self, state: AppState, build_id: UUID) -> None:
        self._state = state
        self._build_id = build_id
        self._seen = 0
        self._turn = asyncio.Lock()
        """Records are put in order: by the poll, and by the end of the stream."""

    async def follow(self, queue: "asyncio.Queue[ServerSentEvent | None]") -> None:
        """Put records into the queue as they appear, without end."""
        while True:
            async with self._turn:
                await self._put_new(queue)
            await asyncio.sleep(LOGS_S)

    async def finish(self, queue: "asyncio.Queue[ServerSentEvent | None]", last: ServerSentEvent) -> None:
        """Put all records that there are by now, then the last frame: clients leave after it."""
        async with self._turn:
            # A build that was deleted with its widget has no log any more.
            with suppress(TimeoutError, NotFound):
                async with asyncio.timeout(LAST_LOGS_S):
                    while await self._put_new(queue):
                        pass
            await queue.put(last)

    async def _put_new(self, queue: "asyncio.Queue[ServerSentEvent | None]") -> bool:
        """Put the records that are new; return whether there were any."""
        run_id = (await read_build(self._state.pool, self._build_id)).flow_run_id
        records = await self._state.runs.read_logs(run_id, self._seen) if run_id else []
        for record in records:
            found = {
                "type": EventType.log,
                "stage": EventType.log.stage,
                "message": record.message,
                "data": {"level": record.level, "logger": record.name},
                "at": record.timestamp.isoformat(),
                "build_id": str(self._build_id),
            }
            await queue.put(ServerSentEvent(data=json.dumps(found)))
            self._seen += 1
        return bool(records)


async def _merge(
    events: AsyncIterator[BuildEvent], log: _RunLog, owner_token: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield events and log records as they come; end with the terminal event."""
    queue: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue(maxsize=100)

    async def pump_events() -> None:
        async for event in events:
            frame = _event_frame(event, owner_token)
            if event.type.is_terminal:
                await log.finish(queue, frame)
            else:
                await queue.put(frame)
        await queue.put(None)

    pumps = [asyncio.create_task(pump_events()), asyncio.create_task(log.follow(queue))]
    try:
        while (frame := await queue.get()) is not None:
            yield frame
    finally:
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
