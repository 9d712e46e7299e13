"""A receiver of webhooks on loopback, which records what it gets and answers as the test wants."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import serve_app


@dataclass
class Received:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body's object."""
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is right, as a receiver computes it by the README."""
        signed = self.headers["webhook-timestamp"].encode() + b"." + self.body
        expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers["webhook-signature"])


@dataclass
class Receiver:
    """The requests received, and the answer to the next ones."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    status: int = 204
    location: str = ""
    got: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first request."""
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    """Unset: the receiver does not answer until it is."""

    async def receive(self, request: Request) -> Response:
        """Record the request and answer."""
        self.received.append(Received(dict(request.headers), await request.body()))
        self.got.set()
        await self.hold.wait()
        return Response(status_code=self.status, headers={"Location": self.location} if self.location else {})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve a receiver that accepts everything."""
    receiver = Receiver()
    receiver.hold.set()
    app = Starlette(routes=[Route("/hook", receiver.receive, methods=["POST", "GET"])])
    async with serve_app(app) as http:
        receiver.url = f"{http.base_url}/hook"
        yield receiver
        receiver.hold.set()
