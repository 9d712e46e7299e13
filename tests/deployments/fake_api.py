"""A fake of the product's API on loopback: it streams a story, drops connections, refuses requests."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from deployments.commands.api_client import BUILDS, WIDGETS
from tasks.core.events import BuildEvent


@dataclass
class FakeApi:
    """Behaviour of the fake API, and the requests it has received."""

    events: list[BuildEvent] = field(default_factory=list)
    drop_after: set[int] = field(default_factory=set)
    """Sequence numbers after which the connection breaks, once each."""
    lose: set[int] = field(default_factory=set)
    """Sequence numbers a stream leaves out, once each."""
    hold_after: int | None = None
    """The stream waits after this event until the build is cancelled; then come the events of `ending`."""
    ending: list[BuildEvent] = field(default_factory=list)
    refusal: tuple[int, Any] | None = None
    """Status and body of the answer to POST."""
    unavailable: int = 0
    """Number of requests to `…/events` that get 503 first."""
    posts: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    resumed_after: list[str | None] = field(default_factory=list)
    deaf: bool = False
    """A cancelled build does not end."""
    widgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Widgets as the API describes them, by id."""
    tokens: set[str | None] = field(default_factory=set)
    """Authorization headers of requests for widgets and of cancellations."""
    asked_to_cancel: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def start(self, request: web.Request) -> web.StreamResponse:
        """POST: refused, or the stream from the start."""
        self.posts.append(await request.json())
        self.keys.append(request.headers.get("Idempotency-Key"))
        if self.refusal is not None:
            status, body = self.refusal
            return web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body))
        return await self._stream(request, after=0)

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """GET …/events."""
        self.resumed_after.append(request.headers.get("Last-Event-ID"))
        if self.unavailable:
            self.unavailable -= 1
            return web.json_response({"error": {"code": "x", "message": "away"}}, status=503)
        return await self._stream(request, after=int(request.headers["Last-Event-ID"]))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """DELETE: refused without a token."""
        if "Authorization" not in request.headers:
            return web.json_response({"error": {"code": "unauthorized", "message": "no token"}}, status=401)
        self.tokens.add(request.headers["Authorization"])
        self.asked_to_cancel.set()
        if not self.deaf:
            self.cancelled.set()
        return web.json_response({"status": "cancelled"})

    async def list_widgets(self, request: web.Request) -> web.StreamResponse:
        """GET /api/widgets."""
        self.tokens.add(request.headers.get("Authorization"))
        return web.json_response({"widgets": list(self.widgets.values()), "total": len(self.widgets)})

    async def widget(self, request: web.Request) -> web.StreamResponse:
        """GET and DELETE /api/widgets/{id}, POST …/recrawl."""
        self.tokens.add(request.headers.get("Authorization"))
        widget_id = request.match_info["widget_id"]
        if widget_id not in self.widgets:
            problem = {"error": {"code": "not_found", "message": "There is no such widget."}}
            return web.json_response(problem, status=404)
        if request.method == "POST":
            self.keys.append(request.headers.get("Idempotency-Key"))
            return await self._stream(request, after=0)
        if request.method == "DELETE":
            del self.widgets[widget_id]
            return web.Response(status=204)
        return web.json_response({**self.widgets[widget_id], "chosen": {}})

    async def _stream(self, request: web.Request, after: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": hello\n\n")
        for event in [*self.events]:
            if event.seq <= after:
                continue
            if event.seq in self.lose:
                self.lose.remove(event.seq)
                continue
            await response.write(f"id: {event.seq}\ndata: {event.to_json()}\n\n: ping\n\n".encode())
            if event.seq in self.drop_after:
                self.drop_after.remove(event.seq)
                await asyncio.sleep(0.01)
                assert request.transport is not None
                request.transport.abort()
                return response
            if event.seq == self.hold_after:
                await self.cancelled.wait()
                for last in self.ending:
                    await response.write(f"id: {last.seq}\ndata: {last.to_json()}\n\n".encode())
                return response
        return response


@asynccontextmanager
async def serve_fake_api(api: FakeApi) -> AsyncIterator[FakeApi]:
    """Serve the API on a free port of loopback."""
    app = web.Application()
    app.router.add_post(BUILDS, api.start)
    app.router.add_get(BUILDS + "/{build_id}/events", api.resume)
    app.router.add_delete(BUILDS + "/{build_id}", api.cancel)
    app.router.add_get(WIDGETS, api.list_widgets)
    app.router.add_get(WIDGETS + "/{widget_id}", api.widget)
    app.router.add_delete(WIDGETS + "/{widget_id}", api.widget)
    app.router.add_post(WIDGETS + "/{widget_id}/recrawl", api.widget)
    app.router.add_get("/healthz", _healthz)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    api.url = f"http://{host}:{port}"
    try:
        yield api
    finally:
        await runner.cleanup()


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
