"""A widget as a server of the Model Context Protocol, over streamable HTTP."""

import asyncio
import importlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.app_state import AppState, app_state
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.visits import current_visit
from tasks.records.budgets import RatedAction
from tasks.records.widgets import WidgetRecord

PATH = "/mcp/{widget_id}"


class _ProtocolResponse(Response):
    """The protocol's answer, which its own library writes."""

    def __init__(self, tools: Any, state: AppState, widget: WidgetRecord) -> None:
        super().__init__()
        self._tools = tools
        self._state = state
        self._widget = widget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._tools.serve_tools(self._state, self._widget, scope, receive, send)


async def serve_agents(request: Request) -> Response:
    """POST /mcp/{id}: one message of the protocol; tools `search` and `fetch`."""
    # In a thread: the first import takes half a second, in which others would wait for their answers.
    tools = await asyncio.to_thread(importlib.import_module, "api.agents.agent_tools")
    return _ProtocolResponse(tools, app_state(request), current_visit().widget)


routes = [
    PublicRoute(PATH, serve_agents, Guard(OriginRule.agents, RatedAction.searches, may_spend=True), ["POST"]),
]
