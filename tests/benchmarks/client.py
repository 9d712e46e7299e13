"""A client of the HTTP API that runs a build and records the time of each event."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from tasks.core.events import BuildEvent, EventType

BUILDS = "/api/public/ai-widget-builder"
SILENCE_S = 60
"""Read timeout; a stream sends a heartbeat every 15 s."""


@dataclass(frozen=True)
class TimedEvent:
    """An event and the time it arrived."""

    at_s: float
    """Seconds since the POST was sent."""
    event: BuildEvent


@dataclass
class BuildRun:
    """A build and its events, from the POST to the last one."""

    build_id: str
    headers_s: float
    """Seconds to the response's headers."""
    events: list[TimedEvent] = field(default_factory=list)

    @property
    def first_event_s(self) -> float:
        """Seconds to the first event."""
        return self.events[0].at_s

    def time_of(self, type_: EventType) -> float | None:
        """Seconds to the first event of the type; None when there was none."""
        return next((timed.at_s for timed in self.events if timed.event.type is type_), None)

    @property
    def end(self) -> BuildEvent:
        """The terminal event."""
        return self.events[-1].event

    @property
    def seconds(self) -> float:
        """Seconds to the terminal event."""
        return self.events[-1].at_s

    @property
    def is_complete(self) -> bool:
        """Whether the build completed."""
        return self.end.type is EventType.builder_completed

    def data_of(self, type_: EventType) -> dict[str, Any]:
        """The data of the last event of the type; empty when there was none."""
        return next((timed.event.data for timed in reversed(self.events) if timed.event.type is type_), {})

    @property
    def statistics(self) -> dict[str, Any]:
        """The build's counters."""
        return self.data_of(EventType.parallel_processing_completed)

    @property
    def failures(self) -> list[BuildEvent]:
        """The events about failed pages."""
        failures = {EventType.scraping_failed, EventType.embedding_failed, EventType.storage_failed}
        return [timed.event for timed in self.events if timed.event.type in failures]


@asynccontextmanager
async def open_http(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the API that ignores the environment's proxies."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=api_url, timeout=SILENCE_S, limits=limits, trust_env=False) as http:
        yield http


async def run_build(
    api_url: str,
    url: str,
    *,
    depth: int,
    max_pages: int | None = None,
    started: Callable[[str], None] | None = None,
) -> BuildRun:
    """Run a new build to its end; `started` is called with its id as soon as the API returns it.

    Raises:
        httpx.HTTPError: the API refused the request, or went silent.
        EOFError: the stream ended before the build did.
    """
    body = {"url": url, "depth": depth} | ({} if max_pages is None else {"max_pages": max_pages})
    async with open_http(api_url) as http:
        began = time.monotonic()
        async with aconnect_sse(http, "POST", BUILDS, json=body) as source:
            source.response.raise_for_status()
            run = BuildRun(source.response.headers["X-Build-Id"], time.monotonic() - began)
            if started is not None:
                started(run.build_id)
            async for frame in read_frames(source):
                event = BuildEvent.model_validate_json(frame.data)
                run.events.append(TimedEvent(time.monotonic() - began, event))
    if not run.events or not run.end.type.is_terminal:
        raise EOFError(f"the stream of build {run.build_id} ended after {len(run.events)} events")
    return run


async def read_frames(source: EventSource) -> AsyncIterator[ServerSentEvent]:
    """Yield the frames that carry data."""
    async for frame in source.aiter_sse():
        if frame.data:  # httpx-sse reports the blank line after a comment as an empty frame
            yield frame
