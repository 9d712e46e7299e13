"""A build as a client of the HTTP API sees it, with the time of everything."""

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
"""A stream says something every 15 s."""


@dataclass(frozen=True)
class Seen:
    """An event and when it came."""

    at_s: float
    """Seconds since the POST was sent."""
    event: BuildEvent


@dataclass
class BuildRun:
    """A build, from POST to its last event."""

    build_id: str
    headers_s: float
    """Seconds to the response's headers."""
    seen: list[Seen] = field(default_factory=list)

    @property
    def first_event_s(self) -> float:
        """Seconds to the first event."""
        return self.seen[0].at_s

    def time_of(self, type_: EventType) -> float | None:
        """Seconds to the first event of the type; None when there was none."""
        return next((seen.at_s for seen in self.seen if seen.event.type is type_), None)

    @property
    def end(self) -> BuildEvent:
        """The terminal event."""
        return self.seen[-1].event

    @property
    def seconds(self) -> float:
        """Seconds to the terminal event."""
        return self.seen[-1].at_s

    @property
    def is_complete(self) -> bool:
        """Whether the build completed."""
        return self.end.type is EventType.builder_completed

    def data_of(self, type_: EventType) -> dict[str, Any]:
        """The data of the last event of the type; empty when there was none."""
        return next((seen.event.data for seen in reversed(self.seen) if seen.event.type is type_), {})

    @property
    def statistics(self) -> dict[str, Any]:
        """The build's counters."""
        return self.data_of(EventType.parallel_processing_completed)

    @property
    def failures(self) -> list[BuildEvent]:
        """What was told of pages that failed."""
        failures = {EventType.scraping_failed, EventType.embedding_failed, EventType.storage_failed}
        return [seen.event for seen in self.seen if seen.event.type in failures]


@asynccontextmanager
async def open_http(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, proxies of the environment left aside."""
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
    """A new build, once it is over; `started` is told its id as soon as the API has named it.

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
                run.seen.append(Seen(time.monotonic() - began, event))
    if not run.seen or not run.end.type.is_terminal:
        raise EOFError(f"the stream of build {run.build_id} ended after {len(run.seen)} events")
    return run


async def read_frames(source: EventSource) -> AsyncIterator[ServerSentEvent]:
    """The frames that carry data."""
    async for frame in source.aiter_sse():
        if frame.data:  # httpx-sse reports the blank line after a comment as an empty frame
            yield frame
