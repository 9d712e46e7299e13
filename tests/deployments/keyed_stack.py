"""A stack with OpenAI's key, and the embedding service behind it: pages that name a fault provoke it."""

import asyncio
import os
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from deployments.stack.embedded_stack import Stack, open_stack
from tasks.core.database import open_pool
from tasks.core.settings import Settings, load_settings
from tests.deployments.collector import Collector, open_collector
from tests.product import ENVIRONMENT, UNWANTED, Product, api_client
from tests.sites.openai_server import OpenAIServer, Refusal
from tests.sites.server import serve_handler

KEY = f"sk-proj-{secrets.token_urlsafe(24)}"
ADMIN = secrets.token_urlsafe(24)
COLLECTOR_LOGIN = secrets.token_urlsafe(24)
HANGING = "hanging"
SPENT = "spent"
FAULTS = {
    "refused": (401, "invalid_api_key"),
    "limited": (429, "rate_limit_exceeded"),
    "unpaid": (429, "insufficient_quota"),
    SPENT: (429, "insufficient_quota"),
    "broken": (500, "server_error"),
    "model": (404, "model_not_found"),
    "elsewhere": (405, "method_not_allowed"),
}
"""Answers of the embedding service; each quotes the key that it was sent."""


@dataclass
class FaultyService:
    """An embedding service that fails for texts of a page that names a fault, and embeds all others."""

    openai: OpenAIServer = field(default_factory=OpenAIServer)
    fault: str | None = None
    """Fault of all texts that name none."""
    allowance: int | None = None
    """Inputs that are embedded until the account is empty."""
    may_refuse: asyncio.Event = field(default_factory=asyncio.Event)
    """Requests beyond the allowance wait until this is set."""
    calls: Counter[str] = field(default_factory=Counter)
    """Requests for embeddings, by fault."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is left waiting."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        named = re.search(r"fault-(\w+)", await request.text())
        fault = named[1] if named else self.fault
        if self.allowance is not None and self.openai.embedded >= self.allowance:
            await self.may_refuse.wait()
            fault = SPENT
        if fault is None:
            return await self.openai.answer(request)
        self.calls[fault] += 1
        if fault == HANGING:
            self.asked.set()
            await asyncio.sleep(600)
        status, code = FAULTS[fault]
        message = f"You sent {request.headers['Authorization']} and {request.headers['Authorization'].split()[-1]}."
        return Refusal(status, message, "error", code=code, headers={"Retry-After": "86400"}).response()


@asynccontextmanager
async def serve_fault_pages() -> AsyncIterator[str]:
    """A site that has a page for each fault: `/refused/`, …"""

    async def answer(request: web.Request) -> web.Response:
        name = request.path.strip("/")
        if name not in {*FAULTS, HANGING}:
            return web.Response(status=404)
        page = f"<title>A page</title><main><h1>A page</h1><p>These words are to provoke fault-{name}.</p></main>"
        return web.Response(text=page, content_type="text/html")

    async with serve_handler(answer) as url:
        yield url


@dataclass(frozen=True)
class Keyed:
    """The stack, its product, the embedding service behind it, and the collector of its traces."""

    stack: Stack
    product: Product
    service: FaultyService
    collector: Collector
    settings: Settings
    """The settings that it was started with."""


@pytest.fixture(scope="session")
async def keyed() -> AsyncIterator[Keyed]:
    """A stack whose embedding service is the faulty one, and that sends its traces to a collector."""
    service = FaultyService()
    async with AsyncExitStack() as opened:
        # Not under pytest's folder: PostgreSQL drops root's rights and could not enter it.
        name = opened.enter_context(tempfile.TemporaryDirectory(prefix="keyed-"))
        os.chmod(name, 0o755)
        url = await opened.enter_async_context(serve_handler(service.answer))
        collector = await opened.enter_async_context(open_collector())
        ours = {
            "WIDGET_BUILDER_DATA_DIR": f"{name}/data",
            "WIDGET_BUILDER_PORT": "28380",
            "WIDGET_BUILDER_PAGE_TIMEOUT_S": "30",
            "WIDGET_BUILDER_ADMIN_TOKEN": ADMIN,
            "WIDGET_BUILDER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-login={COLLECTOR_LOGIN}",
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{url}/v1",
        }
        # For the start alone: other tests in this process have settings of their own.
        with pytest.MonkeyPatch.context() as patch:
            for variable in UNWANTED:
                patch.delenv(variable, raising=False)
            for variable, value in {**ENVIRONMENT, **ours}.items():
                patch.setenv(variable, value)
            settings = load_settings(_env_file=None)
            stack = await opened.enter_async_context(open_stack(settings, lambda *_: None))
        http = await opened.enter_async_context(api_client(stack.info.api_url))
        pool = await opened.enter_async_context(open_pool(stack.info.database_url))
        yield Keyed(stack, Product(stack.info, http, pool), service, collector, settings)
        service.openai.chat.released.set()
