"""A widget's knowledge as tools of other programs' models, in the Model Context Protocol: `search` and `fetch`.

Importing this module takes half a second and 24 MB, so the route does it when the first agent asks.
"""

import json
from collections.abc import Mapping
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from api.app_state import AppState
from api.http.bodies import MAX_BODY_BYTES, validate_body
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable, InvalidRequest
from tasks.knowledge.search.passage_search import MAX_QUERY_LENGTH, search
from tasks.records.stored_pages import read_stored_page
from tasks.records.widgets import WidgetRecord

MAX_RESULTS = 20
PART_LENGTH = 40_000
"""Characters of a page in one answer: a model's context is small, and the next part can be asked for."""
READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


class SearchArguments(BaseModel):
    """The arguments of the tool `search`."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=1, max_length=MAX_QUERY_LENGTH, description="A question, or words to look for")
    limit: int = Field(5, ge=1, le=MAX_RESULTS, description="Pages at most")


class FetchArguments(BaseModel):
    """The arguments of the tool `fetch`."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=4_000, description="`id` of a search result: the page's URL")
    offset: int = Field(0, ge=0, description="Character to begin with; `next_offset` of the part before")


class AgentTools:
    """The tools of one widget."""

    def __init__(self, state: AppState, widget: WidgetRecord) -> None:
        self._state = state
        self._widget = widget

    def describe(self) -> list[Tool]:
        """Return the tools' names, descriptions and arguments."""
        site = f"{self._widget.name or 'this website'} ({self._widget.site_url})"
        return [
            Tool(
                name="search",
                title="Search the site",
                description=f"Search the pages of {site}. Returns the best passage of each page, best first.",
                input_schema=SearchArguments.model_json_schema(),
                annotations=READ_ONLY,
            ),
            Tool(
                name="fetch",
                title="Read a page",
                description=f"Return the text of a page of {site} as Markdown.",
                input_schema=FetchArguments.model_json_schema(),
                annotations=READ_ONLY,
            ),
        ]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Return the tool's result; an error that the model can act on is a result as well."""
        try:
            if name == "search":
                return _result(await self._search(validate_body(SearchArguments, arguments)))
            if name == "fetch":
                return _result(await self._fetch(validate_body(FetchArguments, arguments)))
            return _failure(f"There is no tool `{name}`. The tools are `search` and `fetch`.")
        except InvalidRequest as error:
            return _failure(error.message)
        except (EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable):
            return _failure("The search is not available at the moment. Try again later.")

    async def _search(self, asked: SearchArguments) -> dict[str, Any]:
        found = await search(self._state.pool, self._state.embedder, self._widget.id, asked.query, asked.limit)
        return {
            "results": [
                {"id": each.url, "title": each.title, "url": each.deep_link, "heading": each.heading, "text": each.text}
                for each in found
            ]
        }

    async def _fetch(self, asked: FetchArguments) -> dict[str, Any]:
        page = await read_stored_page(self._state.pool, self._widget.id, asked.id)
        end = asked.offset + PART_LENGTH
        return {
            "id": page.url,
            "title": page.title,
            "url": page.url,
            "text": page.content[asked.offset : end],
            "metadata": {"read_at": page.read_at.isoformat()},
            "next_offset": end if end < len(page.content) else None,
        }


def _result(value: dict[str, Any]) -> CallToolResult:
    text = TextContent(type="text", text=json.dumps(value, ensure_ascii=False))
    return CallToolResult(content=[text], structured_content=value)


def _failure(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)


async def serve_tools(state: AppState, widget: WidgetRecord, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request of the protocol; sessions are not kept, so that any process can answer the next one."""
    tools = AgentTools(state, widget)

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=tools.describe())

    async def call_tool(_: ServerRequestContext[Any], asked: CallToolRequestParams) -> CallToolResult:
        return await tools.call(asked.name, asked.arguments or {})

    server = Server(
        widget.name or "website",
        website_url=widget.site_url,
        instructions="Answer from what these tools return, and cite the pages' URLs.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=MAX_BODY_BYTES
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)
