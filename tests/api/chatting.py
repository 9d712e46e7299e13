"""The chat routes on a server of their own, without Prefect, and a client of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, cast
from uuid import UUID, uuid4

import httpx
from httpx_sse import aconnect_sse
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from api import health, metrics
from api.agents import llms_text, mcp_routes
from api.app_state import AppState
from api.builds.prefect_runs import PrefectRuns
from api.builds.stream import Streams
from api.chat import chat_routes, lead_routes, owner_chat_routes
from api.http.metered_embedder import MeteredEmbedder
from api.http.problems import HANDLERS
from api.webhooks import webhook_routes
from api.widgets import (
    answer_routes,
    conversation_routes,
    insight_routes,
    page_list_routes,
    picture_routes,
    public_routes,
    publication_routes,
    source_routes,
)
from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.processes import open_processes
from tasks.core.rates import Rate
from tasks.core.settings import Settings
from tasks.documents.document_process import DOCUMENT_MODULE
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.generation.open_chat_model import open_chat_model
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.embedder import Embedder
from tasks.records.budgets import Budgets
from tests.knowledge.answer_material import EMBEDDER
from tests.serving import serve_app

ADMIN = "an administrator's token"
MANY = Rate(count=10_000, seconds=60)


ROUTES = [
    *public_routes.routes,
    *picture_routes.routes,
    *chat_routes.routes,
    *owner_chat_routes.routes,
    *lead_routes.routes,
    *webhook_routes.routes,
    *insight_routes.routes,
    *answer_routes.routes,
    *conversation_routes.routes,
    *page_list_routes.routes,
    *publication_routes.routes,
    *source_routes.routes,
    *llms_text.routes,
    *mcp_routes.routes,
    *health.routes,
    *metrics.routes,
]


class _NoBuilds:
    """Prefect as these routes see it: it answers, a worker is online, and no build gets anywhere; no schedules."""

    @property
    def client(self) -> NoReturn:
        """There is none."""
        raise DependencyUnavailable("Prefect", "there is no server")

    async def check(self) -> None:
        """Return at once."""

    async def check_worker(self) -> None:
        """Return at once."""

    async def cancel(self, _: UUID) -> None:
        """Return at once."""

    async def start(self, *_: object) -> UUID:
        """Return the id of a run that nobody takes."""
        return uuid4()


@dataclass(frozen=True)
class Answer:
    """All events of one answer."""

    events: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """The tokens joined."""
        return "".join(event["text"] for event in self.events if event["type"] == "token")

    @property
    def end(self) -> dict[str, Any]:
        """The last event."""
        return self.events[-1]


@dataclass(frozen=True)
class Chat:
    """The chat of one site."""

    http: httpx.AsyncClient
    site: AnsweringSite

    @property
    def path(self) -> str:
        """The widget's public address."""
        return f"/api/public/widgets/{self.site.widget_id}"

    async def ask(self, message: str, **more: Any) -> Answer:
        """The whole answer; asserts that each frame's `event` equals its object's type."""
        events = []
        body = {"message": message, **more}
        async with aconnect_sse(self.http, "POST", f"{self.path}/chat", json=body) as source:
            assert source.response.status_code == 200, await source.response.aread()
            async for frame in source.aiter_sse():
                if frame.data:
                    assert frame.event == frame.json()["type"]
                    events.append(frame.json())
        return Answer(events)

    async def post(self, body: object, path: str = "chat") -> httpx.Response:
        """The response to any body."""
        return await self.http.post(f"{self.path}/{path}", json=body)

    async def owner(self, method: str, path: str, *, token: str = ADMIN, **more: Any) -> httpx.Response:
        """The response to an owner's request below the widget's address."""
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        return await self.http.request(method, f"/api/widgets/{self.site.widget_id}/{path}", headers=headers, **more)

    async def insights(self, token: str = ADMIN) -> httpx.Response:
        """The response to a request for insights with this token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.get(f"/api/widgets/{self.site.widget_id}/insights", headers=headers)


@asynccontextmanager
async def serving(
    pool: Pool,
    settings: Settings,
    site: AnsweringSite,
    embedder: Embedder = EMBEDDER,
    routes: Sequence[BaseRoute] = ROUTES,
    reader: SentenceReader | None = None,
) -> AsyncIterator[Chat]:
    """Serve the site's chat; with a reader, sentences are rated by their sense, as in the product."""
    async with open_chat_model(settings) as model:
        budgets = Budgets(pool, settings)
        metered = MeteredEmbedder(embedder, budgets)
        if reader is not None:
            await reader.load()
        answerer = Answerer(pool, metered, model, reader)
        app = Starlette(routes=routes, exception_handlers=HANDLERS)
        runs = cast(PrefectRuns, _NoBuilds())
        models = [] if model is None else [model.status]
        app.state.metrics = metrics.Metrics()
        with open_processes(1, DOCUMENT_MODULE) as documents:
            state = AppState(settings, pool, runs, Streams(pool), metered, answerer, budgets, documents, models)
            app.state.resources = state
            async with serve_app(app) as http:
                yield Chat(http, site)
