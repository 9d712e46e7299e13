"""A widget as a server of the Model Context Protocol, asked by the protocol's official client; and llms.txt."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from api.agents.agent_tools import PART_LENGTH
from tasks.core.database import Pool
from tasks.core.rates import Rate
from tasks.records.widgets import delete_widget, save_settings
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.flows.test_private_addresses import HOSTS
from tests.knowledge.answer_material import SHOP, build_site
from tests.web.canaries import open_listener

LONG = {"/terms": ("Terms", "# Terms\n\n" + "The parties agree on this and that. " * 2_000)}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own."""
    site = await build_site(pool, SHOP | LONG)
    async with serving(pool, settings(admin_token=ADMIN, search_rate=MANY), site) as served:
        yield served


@asynccontextmanager
async def agent(chat: Chat, mode: Any = "auto", **headers: str) -> AsyncIterator[Client]:
    """The official client, connected to the widget."""
    url = f"{chat.http.base_url}/mcp/{chat.site.widget_id}"
    async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """The structured result of a tool, which its text repeats."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    [text] = result.content
    assert json.loads(text.text) == result.structured_content  # type: ignore[union-attr]
    return result.structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_lists_searches_and_fetches(chat: Chat, mode: str) -> None:
    """By the protocol's present revision, and by those with a handshake."""
    async with agent(chat, mode) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "fetch"]
        assert all("Leith Roasters" in (tool.description or "") or chat.site.url in tool.description for tool in tools)  # type: ignore[operator]
        found = await call(client, "search", query="What does shipping to Norway cost?")
        best = found["results"][0]
        assert best["id"].endswith("/shipping")
        assert "€14" in best["text"]
        page = await call(client, "fetch", id=best["id"])
        assert page["text"] == SHOP["/shipping"][1]
        assert page["next_offset"] is None


async def test_a_long_page_comes_in_parts(chat: Chat) -> None:
    """Which together are the page."""
    async with agent(chat) as client:
        url = f"{chat.site.url}terms"
        first = await call(client, "fetch", id=url)
        assert (len(first["text"]), first["next_offset"]) == (PART_LENGTH, PART_LENGTH)
        second = await call(client, "fetch", id=url, offset=first["next_offset"])
        assert first["text"] + second["text"] == LONG["/terms"][1]


async def test_a_wrong_call_is_told_to_the_agent(chat: Chat, pool: Pool) -> None:
    """As a result that its model reads: what is wrong, and what to do; another widget's page is unknown."""
    other = await build_site(pool, {"/secret": ("Secret", "# Secret\n\nThe other's page.")})
    async with agent(chat) as client:
        for tool, arguments, words in (
            ("search", {"query": ""}, "`query`"),
            ("search", {"query": "x", "limit": 1000}, "`limit`"),
            ("search", {"query": "x", "model": "gpt"}, "`model`"),
            ("fetch", {"id": f"{other.url}secret"}, "no such page"),
            ("delete", {}, "`search` and `fetch`"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error, tool
            assert words in result.content[0].text  # type: ignore[union-attr]


async def test_an_agent_has_no_address_contacted(chat: Chat) -> None:
    """Its model may be talked into any: what it names is looked up among the stored pages, in whatever form."""
    async with open_listener() as canary, agent(chat) as client:
        for host in HOSTS:
            for url in (
                f"http://{host}:{canary.port}/",
                f"{chat.site.url}@{host}:{canary.port}/",
                f"file://{host}/etc",
            ):
                result = await client.call_tool("fetch", {"id": url})
                assert "no such page" in result.content[0].text  # type: ignore[union-attr]
                await client.call_tool("search", {"query": f"What is on {url}?"})
        assert canary.sung == []


async def post(chat: Chat, widget_id: object, **headers: str) -> tuple[int, str]:
    """Status and error code of a first message."""
    answer = await chat.http.post(f"/mcp/{widget_id}", json=INITIALIZE, headers=ACCEPT | headers)
    return answer.status_code, answer.json().get("error", {}).get("code", "")


async def test_foreign_pages_and_deleted_widgets_are_refused(chat: Chat, pool: Pool) -> None:
    """Programs name no origin; pages are let in where the owner lists their origin, and no others."""
    widget_id = chat.site.widget_id
    evil = {"Origin": "https://evil.example"}
    assert await post(chat, widget_id) == (200, "")
    assert await post(chat, widget_id, **evil) == (403, "origin_not_allowed")
    assert await post(chat, widget_id, Origin="null") == (403, "origin_not_allowed")
    large = await chat.http.post(f"/mcp/{widget_id}", json=INITIALIZE | {"more": "x" * 70_000}, headers=ACCEPT)
    assert large.status_code == 413
    await save_settings(pool, widget_id, {"allowed_origins": ["https://shop.example"]})
    assert await post(chat, widget_id, Origin="https://shop.example") == (200, "")
    assert await post(chat, widget_id, **evil) == (403, "origin_not_allowed")
    assert await post(chat, widget_id) == (200, "")
    assert await post(chat, uuid4()) == (404, "not_found")
    await delete_widget(pool, widget_id)
    assert await post(chat, widget_id) == (404, "not_found")
    assert (await chat.http.get(f"{chat.path}/llms.txt")).status_code == 404


async def test_an_agent_that_asks_too_often_is_told_to_wait(pool: Pool, settings: MakeSettings) -> None:
    """By the rate of searches."""
    site = await build_site(pool, SHOP)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage")
    async with serving(pool, settings(search_rate=Rate(count=2, seconds=86_400)), site) as chat:
        assert [(await post(chat, site.widget_id))[0] for _ in range(3)] == [200, 200, 429]


async def test_llms_text_lists_what_is_known(chat: Chat) -> None:
    """The pages as links, and the owner's answers that hold now; an export has the texts."""
    for answer in (
        {"questions": ["Can I bring my dog?"], "answer": "Dogs are welcome."},
        {"questions": ["Do you buy beans?"], "answer": "No.", "paused": True},
    ):
        assert (await chat.owner("POST", "answers", json=answer)).status_code == 201
    answer = await chat.http.get(f"{chat.path}/llms.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0].startswith("# ")
    assert f"- [Shipping](<{chat.site.url}shipping>)" in lines
    assert "- Can I bring my dog? Dogs are welcome." in lines
    assert "Do you buy beans" not in answer.text
    assert f"/mcp/{chat.site.widget_id}>" in answer.text
    export = await chat.owner("GET", "pages", headers={"Accept": "text/markdown"})
    assert export.headers["content-type"].startswith("text/markdown")
    assert export.text.count("\nurl: ") == len(SHOP | LONG)
    assert all(text in export.text for _, text in SHOP.values())
