"""Guards of the public routes: each has one, and origins, rates and budgets hold on all of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.routing import Route

from api.app import create_app
from api.http.authorization import OwnerRoute
from api.http.guards import PublicRoute
from tasks.core.database import Pool
from tasks.core.rates import Rate
from tasks.core.settings import Settings
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.embedding.openai_embedder import OpenAIEmbedder, open_openai_embedder
from tests.api.chatting import MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import READER, SHOP, build_site
from tests.knowledge.material import count
from tests.sites.openai_server import OpenAIServer, serve_openai

PUBLIC = ("/api/public", "/mcp", "/preview")
OTHERS = {"/api/workspaces"}
"""Routes elsewhere that everybody may call."""
FOR_ALL = {
    "/",
    "/console",
    "/pages/{file}",
    "/widget.js",
    "/widget/{file}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
}
"""Routes that know neither widgets nor visitors, and cost nothing."""
SPENT = "SELECT coalesce(sum(amount), 0) FROM chat_usage WHERE scope = %s"


def routes() -> list[Route]:
    """All routes of the application."""
    return [route for route in create_app(Settings(_env_file=None)).routes if isinstance(route, Route)]


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
def test_every_route_is_guarded(route: Route) -> None:
    """Public ones by a guard, those of owners by a role; the others are the same for everybody."""
    if route.path.startswith(PUBLIC) or (route.path in OTHERS and "POST" in (route.methods or ())):
        assert isinstance(route, PublicRoute)
    else:
        assert isinstance(route, OwnerRoute) or route.path in FOR_ALL


@pytest.fixture(scope="module")
async def openai() -> AsyncIterator[OpenAIServer]:
    """A server that charges for embeddings."""
    async with serve_openai() as server:
        yield server


Paid = tuple[AnsweringSite, OpenAIEmbedder, dict[str, Any]]


@pytest.fixture
async def paid(pool: Pool, openai: OpenAIServer, settings: MakeSettings) -> AsyncIterator[Paid]:
    """A widget whose embeddings are paid; no budget is spent yet."""
    key = {"openai_api_key": "sk-test", "openai_base_url": openai.base_url}
    async with open_openai_embedder(settings(**key)) as embedder:
        site = await build_site(pool, SHOP, embedder=embedder)
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM chat_usage")
        yield site, embedder, key


async def search_often(chat: Chat, times: int = 200) -> list[int]:
    """Search that often at once, from a foreign page, each time for something else; return the statuses."""
    headers = {"Origin": "https://evil.example"}
    asked = [
        chat.http.get(f"{chat.path}/search", params={"q": f"the price of parcel number {number}"}, headers=headers)
        for number in range(times)
    ]
    return [answer.status_code for answer in await asyncio.gather(*asked)]


@pytest.mark.parametrize("cap", ["chat_client_tokens", "chat_widget_tokens", "chat_tokens"])
async def test_searches_never_spend_more_than_the_budget(
    pool: Pool, paid: Paid, settings: MakeSettings, cap: str
) -> None:
    """200 at once against a budget for some: the service is paid for no more than the budget."""
    site, embedder, key = paid
    before = embedder.usage.tokens, embedder.usage.calls
    async with serving(pool, settings(search_rate=MANY, **key, **{cap: 100}), site, embedder) as chat:
        statuses = await search_often(chat)
    assert set(statuses) == {200, 429}
    assert embedder.usage.calls - before[1] == statuses.count(200)
    assert 0 < embedder.usage.tokens - before[0] <= 100
    assert 0 < await count(pool, SPENT, cap.removeprefix("chat_")) <= 100


async def test_a_visitor_who_searches_too_often_is_told_to_wait(pool: Pool, paid: Paid, settings: MakeSettings) -> None:
    """However the headers are forged: the address counts."""
    site, embedder, key = paid
    async with serving(pool, settings(search_rate=Rate(count=3, seconds=86_400), **key), site, embedder) as chat:
        statuses = await search_often(chat, 20)
        forged = {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "192.0.2.1"}
        answer = await chat.http.get(f"{chat.path}/search", params={"q": "tea"}, headers=forged)
    assert (statuses.count(200), statuses.count(429)) == (3, 17)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 86_400


async def test_a_question_pays_for_its_embedding(pool: Pool, paid: Paid, settings: MakeSettings) -> None:
    """Also where answers are quotes and cost nothing; small talk is free."""
    site, embedder, _ = paid
    async with serving(pool, settings(chat_rate=MANY, chat_widget_tokens=20), site, embedder) as chat:
        assert (await chat.post({"message": "hello"})).status_code == 200
        assert await count(pool, SPENT, "widget_tokens") == 0
        statuses = [(await chat.post({"message": f"Is parcel number {n} there?"})).status_code for n in range(5)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


async def test_a_widget_without_budget_still_loads(pool: Pool, paid: Paid, settings: MakeSettings) -> None:
    """Without suggested questions, which cost an embedding each; with them once there is a budget again."""
    site, embedder, _ = paid
    for tokens, has_questions in ((1, False), (100_000, True)):
        async with serving(pool, settings(chat_widget_tokens=tokens), site, embedder, reader=READER) as chat:
            answer = await chat.http.get(chat.path)
        assert answer.status_code == 200
        assert bool(answer.json()["suggested_questions"]) is has_questions


async def test_every_request_of_a_public_route_counts(pool: Pool, settings: MakeSettings) -> None:
    """Configuration and logo share a rate; the client's address is never stored."""
    site = await build_site(pool, SHOP)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage")
    async with serving(pool, settings(request_rate=Rate(count=4, seconds=86_400)), site) as chat:
        paths = [chat.path, f"{chat.path}/logo", f"/preview/{site.widget_id}/screenshot"] * 2
        statuses = [(await chat.http.get(path)).status_code for path in paths]
    assert statuses == [200, 404, 204, 200, 429, 429]
    assert await count(pool, "SELECT count(*) FROM chat_usage AS row WHERE row::text LIKE '%%127.0.0.1%%'") == 0
