"""Real Chromium, the real script, and a customer's page on an origin of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Locator, Page

from tasks.core.theme_model import Theme
from tests.browser.bundles import build_if_changed
from tests.browser.chat_server import WIDGET, ChatServer, make_config, open_chat_server
from tests.browser.consoles import console, shop  # noqa: F401 - fixtures
from tests.sites.server import serve_handler

THEME = Theme(
    name="Acorn & Oak",
    monogram="AO",
    greeting="Hi there! Ask me anything.",
    primary="#2f6f3e",
    on_primary="#ffffff",
    background="#ffffff",
    text="#1d2a20",
    heading_font="Georgia, serif",
    body_font="sans-serif",
    confidence=1,
)
TIMEOUT_MS = 15_000
OPENED = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, {...options, mode: "open"}); };
"""
"""Lets tests (and axe) look into the widget's shadow root, which is closed to pages."""


@dataclass
class CustomerSite:
    """A customer's website: the test's page at every path."""

    chat: ChatServer
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    snippet: str = ""
    body: str = "<h1>Welcome</h1><p>Some text.</p>"
    html_attributes: str = 'lang="en"'

    async def answer(self, _request: web.Request) -> web.Response:
        """The page."""
        text = (
            f"<!doctype html><html {self.html_attributes}><head><meta charset=utf-8><title>Shop</title>"
            f'<meta name=viewport content="width=device-width">{self.snippet}</head>'
            f"<body><main>{self.body}</main></body></html>"
        )
        return web.Response(text=text, content_type="text/html", headers=self.headers)


@dataclass
class Visit:
    """A visitor's tab with the customer's page, and the problems seen in it."""

    page: Page
    site: CustomerSite
    chat: ChatServer
    problems: list[str] = field(default_factory=list)
    """Console errors and warnings, content policy violations included."""
    requests: list[str] = field(default_factory=list)

    @property
    def launcher(self) -> Locator:
        """The button on the page."""
        return self.page.locator(".launcher")

    @property
    def dialog(self) -> Locator:
        """The chat."""
        return self.page.get_by_role("dialog")

    @property
    def input(self) -> Locator:
        """The question field."""
        return self.dialog.locator("textarea")

    def turn(self, status: str) -> Locator:
        """The last question with this status, and its answer."""
        return self.dialog.locator(f".turn[data-status={status}]").last

    async def open(self) -> None:
        """Open the chat by a click."""
        await self.launcher.click()
        await self.input.wait_for()

    async def ask(self, question: str) -> None:
        """Write a question and send it."""
        await self.input.fill(question)
        await self.input.press("Enter")

    async def see(self, status: str) -> Locator:
        """Wait for a question with this status."""
        turn = self.turn(status)
        await turn.wait_for()
        return turn


MakeVisit = Callable[..., Awaitable[Visit]]


@pytest.fixture(scope="session", autouse=True)
def bundles() -> None:
    """Build the bundles of the current sources."""
    build_if_changed()


@pytest.fixture(scope="session")
async def chat_server() -> AsyncIterator[ChatServer]:
    """The server with the scripts and the chat route."""
    async with open_chat_server() as chat:
        yield chat


@pytest.fixture
def chat(chat_server: ChatServer) -> ChatServer:
    """The server, with no answers prepared yet."""
    url = chat_server.url
    chat_server.__init__(url, make_config(THEME))  # type: ignore[misc]
    return chat_server


@pytest.fixture
async def site(chat: ChatServer) -> AsyncIterator[CustomerSite]:
    """The customer's website."""
    site = CustomerSite(chat, snippet=f'<script src="{chat.url}/widget.js" data-widget="{WIDGET}" async></script>')
    async with serve_handler(site.answer) as site.url:
        yield site


@pytest.fixture
async def visit(chromium: Browser, chat: ChatServer, site: CustomerSite) -> AsyncIterator[MakeVisit]:
    """Makes visits: `await visit(**context_options)` opens the page and waits for the button."""
    async with AsyncExitStack() as stack:

        async def make(*, closed: bool = False, drawn: bool = True, path: str = "/", **options: Any) -> Visit:
            context: BrowserContext = await chromium.new_context(**options)
            stack.push_async_callback(context.close)
            context.set_default_timeout(TIMEOUT_MS)
            if not closed:
                await context.add_init_script(OPENED)
            visited = Visit(await context.new_page(), site, chat)
            watch(visited)
            await visited.page.goto(site.url + path)
            if drawn and not closed:
                await visited.launcher.wait_for()
            return visited

        yield make


def watch(visited: Visit) -> None:
    """Record the page's problems and requests."""
    page = visited.page
    page.on("request", lambda request: visited.requests.append(request.url))
    page.on("pageerror", lambda error: visited.problems.append(str(error)))
    page.on("console", lambda message: message.type in ("error", "warning") and visited.problems.append(message.text))
