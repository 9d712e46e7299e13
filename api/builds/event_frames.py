"""SSE frames of a build: its numbered events and, on request, the flow run's log records between them.

A log frame has no `id`, so that `Last-Event-ID` counts the build's events only.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

from sse_starlette import ServerSentEvent

from api.app_state import AppState
from tasks.core.events import BuildEvent, EventType
from tasks.records.builds import read_build

LOGS_S = 1.0
"""Poll interval for the run's log records."""


async def build_frames(
    state: AppState, build_id: UUID, *, after: int, with_logs: bool, owner_token: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events numbered above `after`, up to the terminal event.

    The owner token is added to `builder_started` of this stream alone; the stored event does not contain it.
    """
    async with state.streams.open(build_id) as stream:
        events = (_event_frame(event, owner_token) async for event in stream.read(after))
        if not with_logs:
            async for frame in events:
                yield frame
            return
        async for frame in _merge(events, _log_frames(state, build_id)):
            yield frame


def _event_frame(event: BuildEvent, owner_token: str | None) -> ServerSentEvent:
    if event.type is EventType.builder_started and owner_token is not None:
        event = event.model_copy(update={"data": {**event.data, "owner_token": owner_token}})
    return ServerSentEvent(data=event.to_json(), id=str(event.seq))


async def _log_frames(state: AppState, build_id: UUID) -> AsyncIterator[ServerSentEvent]:
    """Yield log records as they appear, without end."""
    seen = 0
    while True:
        run_id = (await read_build(state.pool, build_id)).flow_run_id
        for record in await state.runs.read_logs(run_id, seen) if run_id else ():
            seen += 1
            yield ServerSentEvent(
                data=json.dumps(
                    {
                        "type": EventType.log,
                        "stage": EventType.log.stage,
                        "message": record.message,
                        "data": {"level": record.level, "logger": record.name},
                        "at": record.timestamp.isoformat(),
                        "build_id": str(build_id),
                    }
                )
            )
        await asyncio.sleep(LOGS_S)


async def _merge(
    events: AsyncIterator[ServerSentEvent], logs: AsyncIterator[ServerSentEvent]
) -> AsyncIterator[ServerSentEvent]:
    """Yield from both as they come; end after the last event."""
    queue: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue(maxsize=100)

    async def pump(frames: AsyncIterator[ServerSentEvent], *, last: bool) -> None:
        async for frame in frames:
            await queue.put(frame)
        if last:
            await queue.put(None)

    pumps = [asyncio.create_task(pump(events, last=True)), asyncio.create_task(pump(logs, last=False))]
    try:
        while (frame := await queue.get()) is not None:
            yield frame
    finally:
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
