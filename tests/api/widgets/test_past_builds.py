"""Past builds: the owner sees how each ended, and which pages were not used and why."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from api.app import create_app
from tasks.core.database import Pool
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.knowledge.material import SITE, fail_build


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own, with all routes."""
    site = await build_site(pool, SHOP)
    made = settings(admin_token=ADMIN, chat_rate=MANY, request_rate=MANY)
    async with serving(pool, made, site, routes=create_app(made).routes) as served:
        yield served


async def read(chat: Chat, path: str) -> dict[str, Any]:
    """The response to the owner."""
    answer = await chat.owner("GET", path)
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def test_builds_are_listed_the_latest_first_with_how_each_ended(chat: Chat, pool: Pool) -> None:
    """And which of them the widget answers from; in parts."""
    failed = await fail_build(pool, chat.site.widget_id)
    listed = await read(chat, "builds")
    assert [(build["status"], build["is_answering"]) for build in listed["builds"]] == [
        ("failed", False),
        ("completed", True),
    ]
    assert listed["total"] == 2
    latest = listed["builds"][0]
    assert (latest["build_id"], latest["error"]) == (str(failed), "The site shrank")
    assert latest["statistics"]["failed_scrapes"] == 7
    second = await read(chat, "builds?limit=1&offset=1")
    assert [build["status"] for build in second["builds"]] == ["completed"]
    assert second["total"] == 2


async def test_a_build_names_its_unused_pages_by_cause(chat: Chat, pool: Pool) -> None:
    """Failures before skipped pages, each cause with its number and at most five addresses."""
    failed = await fail_build(pool, chat.site.widget_id)
    causes = (await read(chat, f"builds/{failed}"))["causes"]
    assert [(cause["status"], cause["cause"], cause["count"]) for cause in causes] == [
        ("failed", "HTTP 500", 7),
        ("skipped", "robots", 1),
    ]
    assert causes[0]["urls"] == [f"{SITE}/failed/{n}" for n in range(5)]


async def test_a_build_of_another_widget_is_not_found(chat: Chat, pool: Pool) -> None:
    """As one that does not exist, or whose id is none."""
    other = await build_site(pool, SHOP, name="Other")
    foreign = await fail_build(pool, other.widget_id)
    for build_id in (foreign, uuid4(), "x"):
        assert (await chat.owner("GET", f"builds/{build_id}")).status_code == 404
