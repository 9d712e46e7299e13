"""A local server with the real scripts and a fake chat route, which sends the answers a test prepares."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.http.cross_origin import CrossOrigin
from api.http.problems import problem
from api.pages import script_routes
from tasks.core.palette import with_tokens
from tasks.core.theme_model import Theme

WIDGET = "6f1d5b1e-3c2a-4d53-9a0e-0d7c6f6f4b11"
HOLD = "hold"
"""Within an answer: wait until the test sets `go_on`."""
CUT = "cut"
"""Within an answer: close the connection."""

Piece = dict[str, Any] | str


def token(text: str) -> Piece:
    """The next token of the answer."""
    return {"type": "token", "text": text}


def citation(n: int, url: str = "https://site.example/page", **more: str) -> dict[str, Any]:
    """A cited passage."""
    return {"n": n, "url": url, "title": f"Page {n}", "heading": "", "text": "Some words.", "deep_link": url, **more}


def citations(*cited: dict[str, Any]) -> Piece:
    """The answer's citations."""
    return {"type": "citations", "citations": list(cited)}


def done(answered: bool = True, suggestions: Sequence[str] = (), **more: str | bool) -> Piece:
    """The end of the answer."""
    ids = {"conversation_id": str(uuid4()), "message_id": str(uuid4())}
    return {"type": "done", **ids, "answered": answered, "suggestions": list(suggestions), **more}


@dataclass
class ChatServer:
    """The prepared answers, and the requests received."""

    url: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    answers: list[Sequence[Piece] | Response] = field(default_factory=list)
    """Used up in order."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    leads: list[dict[str, Any]] = field(default_factory=list)
    takes_leads: bool = True
    paths: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    logo: bytes = b""
    is_gone: bool = False
    """Whether the widget has been deleted."""

    def will_answer(self, *pieces: Piece) -> None:
        """Prepare the answer to the next question that has none yet."""
        self.answers.append(pieces)

    def will_refuse(self, status: int, code: str, **headers: str) -> None:
        """Prepare an error response instead of a stream."""
        response = problem(status, code, "Refused.")
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.answers.append(response)

    async def _config(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        if self.is_gone or request.path_params["id"] != WIDGET:
            return problem(404, "not_found", "There is no such widget.")
        if primary := request.query_params.get("primary"):
            theme = Theme.model_validate(self.config["theme"]).model_copy(update={"primary": primary})
            return JSONResponse(self.config | {"theme": with_tokens(theme).model_dump(mode="json")})
        return JSONResponse(self.config)

    async def _logo(self, _request: Request) -> Response:
        return Response(self.logo, media_type="image/png")

    async def _chat(self, request: Request) -> Response:
        self.asked.append(await request.json())
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Response) else EventSourceResponse(self._frames(answer))

    async def _frames(self, pieces: Sequence[Piece]) -> AsyncIterator[ServerSentEvent]:
        for piece in pieces:
            if isinstance(piece, dict):
                yield ServerSentEvent(data=json.dumps(piece), event=piece["type"])
            elif piece == HOLD:
                await self.go_on.wait()
                self.go_on.clear()
            else:
                return

    async def _feedback(self, request: Request) -> Response:
        self.feedback.append(await request.json())
        return Response(status_code=204)

    async def _lead(self, request: Request) -> Response:
        if not self.takes_leads:
            return problem(403, "contact_form_off", "This widget takes no e-mail addresses.")
        self.leads.append(await request.json())
        return JSONResponse({"conversation_id": str(uuid4())}, status_code=201)


def make_config(theme: Theme, **more: Any) -> dict[str, Any]:
    """A widget's public configuration."""
    return {
        "id": WIDGET,
        "name": theme.name,
        "greeting": theme.greeting,
        "locale": theme.language,
        "state": "ready",
        "suggested_questions": [],
        "theme": with_tokens(theme).model_dump(mode="json"),
        **more,
    }


@asynccontextmanager
async def open_chat_server() -> AsyncIterator[ChatServer]:
    """The server, on a free port of loopback."""
    chat = ChatServer()
    path = "/api/public/widgets/{id}"
    app = Starlette(
        routes=[
            *script_routes.routes,
            Route(path, chat._config),
            Route(path + "/logo", chat._logo),
            Route(path + "/chat", chat._chat, methods=["POST"]),
            Route(path + "/feedback", chat._feedback, methods=["POST"]),
            Route(path + "/leads", chat._lead, methods=["POST"]),
        ],
        middleware=[Middleware(CrossOrigin)],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    chat.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=0))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield chat
    finally:
        server.should_exit = True
        await serving
