"""Consoles in Chromium: a served widget with an owner, and tabs that sign in and look at it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from api.app import create_app
from tasks.core.database import Pool
from tasks.core.facts import FactKind, SiteFact
from tasks.core.palette import with_tokens
from tasks.core.theme_model import Theme
from tasks.records.fact_records import replace_site_facts
from tasks.records.owner_tokens import hash_token
from tasks.records.publication import WidgetLooks, save_looks
from tasks.records.widgets import save_settings
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.browser.axe import load_axe
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site

TIMEOUT_MS = 15_000
TOKEN = "the owner's token"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1360, "height": 900}}
THEME = Theme(
    name="Leith Roasters",
    primary="#7a3e1d",
    on_primary="#ffffff",
    background="#ffffff",
    text="#22180f",
    heading_font="Georgia, serif",
    body_font="sans-serif",
    confidence=1,
)
LOADED = "() => !document.querySelector('.loading') && document.querySelector('h1')"


@dataclass
class Console:
    """A tab with the console, and the problems seen in it."""

    page: Page
    chat: Chat
    problems: list[str] = field(default_factory=list)

    async def open(self, path: str = "#/") -> None:
        """Open a page of the console and wait for its content."""
        await self.page.goto("about:blank")
        await self.page.goto(f"/console{path}")
        await self.page.wait_for_function(LOADED)

    async def tab(self, name: str, extra: str = "") -> None:
        """Open a tab of the widget."""
        await self.open(f"#/w/{self.chat.site.widget_id}/{name}{extra}")

    async def sign_in(self, token: str = TOKEN) -> None:
        """Sign in by the form."""
        await self.open()
        await self.page.get_by_label("Token").fill(token)
        await self.page.keyboard.press("Enter")

    async def violations(self) -> list[str]:
        """Return what axe finds."""
        await load_axe(self.page)
        await self.page.evaluate(
            "Promise.all(document.getAnimations().map(it => it.playState === 'running' && it.effect"
            ".getTiming().iterations === Infinity ? it.cancel() : it.finished))"
        )
        found = await self.page.evaluate("axe.run({resultTypes: ['violations']}).then(it => it.violations)")
        return [f"{it['id']}: {node['html']}" for it in found for node in it["nodes"]]


MakeConsole = Callable[..., Awaitable[Console]]


@pytest.fixture
async def shop(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A served widget with an owner, two facts and the form for e-mail addresses."""
    site = await build_site(pool, SHOP)
    looks = WidgetLooks(theme=with_tokens(THEME), site_url="https://leith.example/")
    await save_looks(pool, site.widget_id, looks)
    async with pool.connection() as connection:
        values = (hash_token(TOKEN), site.widget_id)
        await connection.execute("UPDATE widgets SET owner_token_hash = NULL WHERE owner_token_hash = %s", values[:1])
        await connection.execute("UPDATE widgets SET owner_token_hash = %s WHERE id = %s", values)
        await connection.execute(
            "INSERT INTO crawl_urls (job_id, url, depth, status) SELECT job_id, url, 1, 'stored'"
            " FROM knowledge_scraped_pages JOIN widgets ON active_job_id = job_id WHERE widgets.id = %s"
            " ON CONFLICT (job_id, (md5(url)::uuid)) DO UPDATE SET status = 'stored'",
            (site.widget_id,),
        )
        row = await (await connection.execute("SELECT active_job_id FROM widgets WHERE id = %s", values[1:])).fetchone()
    assert row is not None
    phones = [
        SiteFact(kind=FactKind.phone, value=value, normal=value, label="Shop", pages=(f"{site.url}about",))
        for value in ("0131 496 0001", "0131 496 0002")
    ]
    await replace_site_facts(pool, site.widget_id, row[0], phones)
    await save_settings(pool, site.widget_id, {"contact_form": True})
    made = settings(admin_token=ADMIN, chat_rate=MANY, request_rate=MANY, egress_allow=["127.0.0.0/8"])
    async with serving(pool, made, site, routes=create_app(made).routes) as chat:
        yield chat


@pytest.fixture
async def console(chromium: Browser, shop: Chat) -> AsyncIterator[MakeConsole]:
    """Makes consoles of the shop; their browsers' consoles must stay empty."""
    made: list[Console] = []

    async def make(**options: Any) -> Console:
        context = await chromium.new_context(base_url=str(shop.http.base_url), **options)
        context.set_default_timeout(TIMEOUT_MS)
        opened = Console(await context.new_page(), shop)
        opened.page.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.page.on(
            "console",
            lambda said: said.type in ("error", "warning") and opened.problems.append(said.text),
        )
        made.append(opened)
        return opened

    yield make
    for opened in made:
        await opened.page.context.close()
        assert [text for text in opened.problems if not re.search(r"status of (403|404|422|429)", text)] == []


async def ask_some(chat: Chat) -> None:
    """Let visitors ask, and one rate."""
    await chat.ask("What does shipping to Norway cost?")
    await chat.ask("Do you sell bicycles?")
    await chat.ask("Do you sell a bicycle?")
    rated = await chat.ask("Who founded the roastery?")
    await chat.post({"message_id": rated.end["message_id"], "rating": "down", "comment": "When?"}, "feedback")
    body = {"questions": ["Can I bring my dog?"], "answer": "Dogs are **welcome**.", "link": "https://leith.example/d"}
    assert (await chat.owner("POST", "answers", json=body)).status_code == 201
    await chat.ask("Can I bring my dog?")
    source = {"title": "Courses", "text": "A cupping course costs €65."}
    assert (await chat.owner("POST", "sources", json=source)).status_code == 201
    hook = {"url": "http://127.0.0.1:1/hook", "events": ["lead.created"]}
    assert (await chat.owner("POST", "webhooks", json=hook)).status_code == 201
    lead = {"email": "ada@example.com", "name": "Ada", "message": "Do you sell bicycles?"}
    assert (await chat.post(lead, "leads")).status_code == 201


async def violations_in_both_schemes(opened: Console) -> list[str]:
    """Violations that axe finds on the page in light and in dark colours."""
    found = []
    for scheme in ("light", "dark"):
        await opened.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{scheme}: {it}" for it in await opened.violations()]
    return found


async def focused(page: Page) -> str:
    """The accessible name of the focused element."""
    name: str = await page.evaluate(
        "(it => it.ariaLabel ?? it.labels?.[0]?.textContent ?? it.textContent)(document.activeElement)"
    )
    return name


async def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab, or another key, until the element with this name has the focus."""
    passed: list[str] = []
    while (at := await focused(page)) != name:
        passed.append(at)
        assert len(passed) < 60, (name, passed)
        await page.keyboard.press(key)
