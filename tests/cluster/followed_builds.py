"""Clients that start builds and follow them to their end, whatever dies on the way."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from httpx_sse import SSEError, aconnect_sse

from tasks.core.events import EventType
from tests.product import PATH

AGAIN_S = 1.0
"""Seconds before a client that lost its stream asks again."""


@dataclass
class FollowedBuild:
    """A build as its client saw it."""

    url: str
    depth: int
    build_id: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    reconnections: int = 0
    problems: list[str] = field(default_factory=list)
    """Events that came out of order, and answers that no client expects."""

    @property
    def end(self) -> str | None:
        """The type of its last event, if that ends it."""
        last = self.events[-1]["type"] if self.events else None
        return last if last is not None and EventType(last).is_terminal else None

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Start the build and read its events, from another replica where one is lost."""
        key = str(uuid4())
        while self.end is None:
            try:
                await self._read(http, key)
            except (httpx.HTTPError, SSEError):
                self.reconnections += 1
            await asyncio.sleep(AGAIN_S)

    async def _read(self, http: httpx.AsyncClient, key: str) -> None:
        """Read one stream: that of the POST, which may be sent again with its key, or that of the build."""
        if self.build_id is None:
            body, headers = {"url": self.url, "depth": self.depth}, {"Idempotency-Key": key}
            opened = aconnect_sse(http, "POST", PATH, json=body, headers=headers)
        else:
            headers = {"Last-Event-ID": str(len(self.events))}
            opened = aconnect_sse(http, "GET", f"{PATH}/{self.build_id}/events", headers=headers)
        async with opened as source:
            if source.response.status_code >= 500:
                source.response.raise_for_status()
            if source.response.status_code != 200:
                self.problems.append(f"{source.response.status_code} {(await source.response.aread())[:200]!r}")
                source.response.raise_for_status()
            self.build_id = source.response.headers.get("X-Build-Id", self.build_id)
            async for frame in source.aiter_sse():
                if frame.data:
                    self._take(frame.json())

    def _take(self, event: dict[str, Any]) -> None:
        if event["seq"] != len(self.events) + 1:
            self.problems.append(f"event {event['seq']} came after {len(self.events)}")
        self.events.append(event)
