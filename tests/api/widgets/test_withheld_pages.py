"""Pages that the owner's rules leave out: in no answer, search, list or fact from then on, and back with the rules."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.app import create_app
from tasks.core.database import Pool
from tasks.core.facts import FactKind, SiteFact
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.cleanup import tidy_widget
from tasks.records.fact_records import replace_site_facts
from tasks.records.publication import activate_build
from tasks.records.rollback import roll_back
from tasks.records.widgets import read_widget
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import EMBEDDER, SHOP, build_site
from tests.knowledge.material import SITE, count, embed_page, new_job, set_status

NORWAY = "What does shipping to Norway cost?"


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own, with all routes."""
    site = await build_site(pool, SHOP)
    made = settings(admin_token=ADMIN, chat_rate=MANY, request_rate=MANY)
    async with serving(pool, made, site, routes=create_app(made).routes) as served:
        yield served


async def obey(chat: Chat, **rules: Any) -> None:
    """Change the widget's rules."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    answer = await chat.http.patch(f"/api/widgets/{chat.site.widget_id}", json=rules, headers=headers)
    assert answer.status_code == 200, answer.text


async def known(chat: Chat) -> dict[str, tuple[str, str | None, bool]]:
    """State, cause and whether its text can be read, of each page in the owner's list."""
    pages = (await chat.owner("GET", "pages")).json()["pages"]
    return {page["url"].removeprefix(SITE): (page["state"], page["cause"], page["id"] is not None) for page in pages}


async def told(chat: Chat) -> str:
    """All that the widget tells agents, and what its search finds."""
    found = await chat.http.get(f"{chat.path}/search", params={"q": NORWAY})
    return (await chat.http.get(f"{chat.path}/llms.txt")).text + found.text


async def test_a_page_left_out_is_in_no_answer_at_once(chat: Chat, pool: Pool) -> None:
    """Nor among suggestions, and its own facts go with it; without the rule all is back, unread."""
    job_id = (await read_widget(pool, chat.site.widget_id)).active_job_id
    assert job_id is not None
    facts = [
        SiteFact(kind=FactKind.phone, value=value, normal=value, pages=pages, page_count=len(pages))
        for value, pages in (
            ("0131 496 0001", (f"{SITE}/shipping",)),
            ("0131 496 0002", (f"{SITE}/shipping", f"{SITE}/about")),
        )
    ]
    await replace_site_facts(pool, chat.site.widget_id, job_id, facts)
    before = await told(chat)
    assert "/shipping" in before
    assert "0131 496 0001" in before
    async with pool.connection() as connection:
        statement = "INSERT INTO suggested_questions (widget_id, job_id, page_count, questions) VALUES (%s, %s, 5, %s)"
        await connection.execute(statement, (chat.site.widget_id, job_id, [NORWAY]))
    assert (await chat.http.get(chat.path)).json()["suggested_questions"] == [NORWAY]
    await obey(chat, exclude=["/shipping*", "/[old]/*"])
    assert (await chat.ask(NORWAY)).end["answered"] is False
    after = await told(chat)
    assert "/shipping" not in after
    assert "0131 496 0001" not in after
    assert "0131 496 0002" in after
    assert (await known(chat))["/shipping"] == ("skipped", "excluded", False)
    assert NORWAY not in (await chat.http.get(chat.path)).json()["suggested_questions"]
    # Housekeeping keeps what may come back.
    await set_status(pool, chat.site.widget_id, "completed")
    await tidy_widget(pool, chat.site.widget_id, 1)
    await obey(chat, exclude=None)
    assert (await chat.ask(NORWAY)).text.startswith("Shipping to Norway costs €14.")
    assert await told(chat) == before
    assert (await known(chat))["/shipping"] == ("stored", None, True)


async def test_only_the_paths_to_include_are_answered_from(chat: Chat, pool: Pool) -> None:
    """Also by builds that were begun before, and by the one that the widget returns to."""
    running = await new_job(pool, chat.site.widget_id)
    await store_pages(pool, running.build_id, [await embed_page(EMBEDDER, path, *page) for path, page in SHOP.items()])
    for switch, own in ((None, "/about"), (activate_build, "/about"), (None, "/returns"), (roll_back, "/returns")):
        if switch is activate_build:
            assert await activate_build(pool, running, replace=True)
            await set_status(pool, chat.site.widget_id, "completed")
        elif switch is roll_back:
            await roll_back(pool, chat.site.widget_id)
        else:
            await obey(chat, include=[own])
        states = {path: state for path, (state, _, _) in (await known(chat)).items()}
        assert states == {path: "stored" if path == own else "skipped" for path in SHOP}
        founded = await chat.ask("When was the roastery founded?")
        assert founded.end["answered"] is (own == "/about")
    words = "SELECT passages FROM widget_vocabularies WHERE widget_id = %s"
    assert await count(pool, words, chat.site.widget_id) == 1
