"""The owner sees what is known of the whole site, and corrects it; answers follow."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.widgets import fact_routes
from tasks.core.database import Pool
from tasks.knowledge.answering.reply import AnsweringSite
from tests.api.chatting import ADMIN, MANY, ROUTES, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import EMBEDDER, PaidEmbedder
from tests.knowledge.facts.fact_sites import build_site
from tests.knowledge.facts.test_fact_answers import ENGLISH
from tests.knowledge.material import SITE

PHONE = "01234 555 777"


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """The chat of a site with contact data in its footer."""
    job = await build_site(pool, EMBEDDER, ENGLISH)
    site = AnsweringSite(widget_id=job.widget_id, name="Harbour Tools", url=f"{SITE}/")
    routes = [*ROUTES, *fact_routes.routes]
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY), site, routes=routes) as served:
        yield served


async def phone_of(chat: Chat) -> dict[str, Any]:
    """The telephone number as the owner sees it."""
    listed = (await chat.owner("GET", "facts")).json()["facts"]
    [phone] = [fact for fact in listed if fact["kind"] == "phone"]
    return dict(phone)


async def test_the_owner_sees_each_fact_once_with_its_pages(chat: Chat) -> None:
    phone = await phone_of(chat)
    assert (phone["value"], phone["normal"], phone["place"]) == (PHONE, "+441234555777", "footer")
    assert (phone["page_count"], phone["pages"][0]) == (len(ENGLISH), f"{SITE}/")
    assert (phone["hidden"], phone["edited"], phone["conflicts_with"]) == (False, False, [])


async def test_answers_use_the_owners_value_until_it_is_taken_back(chat: Chat) -> None:
    path = f"facts/{(await phone_of(chat))['id']}"
    changed = (await chat.owner("PATCH", path, json={"value": " 01234 999 000 "})).json()
    assert (changed["value"], changed["found"], changed["edited"]) == ("01234 999 000", PHONE, True)
    assert "01234 999 000" in (await chat.ask("What is your phone number?")).text
    await chat.owner("PATCH", path, json={"value": None})
    assert await phone_of(chat) | {"value": PHONE, "edited": False} == await phone_of(chat)


async def test_a_correction_is_embedded_by_a_paid_model(chat: Chat, pool: Pool, settings: MakeSettings) -> None:
    """At the cost of the widget's budget, as questions are."""
    made, routes = settings(admin_token=ADMIN, chat_rate=MANY), [*ROUTES, *fact_routes.routes]
    async with serving(pool, made, chat.site, PaidEmbedder(), routes) as paid:
        changed = await paid.owner("PATCH", f"facts/{(await phone_of(paid))['id']}", json={"value": "01234 999 000"})
    assert (changed.status_code, changed.json()["value"]) == (200, "01234 999 000")


async def test_a_field_that_is_not_sent_stays(chat: Chat) -> None:
    """Hiding a fact keeps its corrected value."""
    path = f"facts/{(await phone_of(chat))['id']}"
    await chat.owner("PATCH", path, json={"value": "01234 999 000"})
    hidden = (await chat.owner("PATCH", path, json={"hidden": True})).json()
    assert (hidden["value"], hidden["hidden"]) == ("01234 999 000", True)


@pytest.mark.parametrize("body", [{"value": ""}, {"value": "x" * 1_001}, {"kind": "email"}, {"hidden": None}])
async def test_a_wrong_change_is_refused(chat: Chat, body: dict[str, Any]) -> None:
    path = f"facts/{(await phone_of(chat))['id']}"
    assert (await chat.owner("PATCH", path, json=body)).status_code == 422


async def test_an_unknown_fact_is_not_found(chat: Chat) -> None:
    path = "facts/00000000-0000-4000-8000-000000000000"
    assert (await chat.owner("PATCH", path, json={"hidden": True})).status_code == 404
