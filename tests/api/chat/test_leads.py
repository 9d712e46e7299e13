"""E-mail addresses that visitors leave: by consent, for the owner alone, erased with the conversation."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tasks.records.conversations import delete_expired
from tasks.records.widgets import save_settings
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.knowledge.material import count

LEAD: dict[str, Any] = {"email": "ada@example.com", "name": "Ada", "message": "Do you sell bicycles?"}
CONSENT = "You may write to me about my question."
STORED = "SELECT count(*) FROM webhook_deliveries WHERE body LIKE '%%' || %s || '%%'"


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own, whose owner wants e-mail addresses and has a webhook for them."""
    site = await build_site(pool, SHOP)
    await save_settings(pool, site.widget_id, {"contact_form": True})
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO webhooks (id, widget_id, url, secret, events, paused)"
            " VALUES (%s, %s, 'https://example.com/', 'secret', '{lead.created}', true)",
            (uuid4(), site.widget_id),
        )
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY), site) as served:
        yield served


async def leads(chat: Chat, query: str = "") -> list[dict[str, Any]]:
    """The leads as the owner sees them."""
    return list((await chat.owner("GET", f"leads?{query}")).json()["leads"])


async def test_a_lead_is_kept_with_its_conversation(chat: Chat) -> None:
    """With one that goes on, or with a new one; another widget's conversation is not there."""
    asked = await chat.ask("Do you sell bicycles?")
    conversation = asked.end["conversation_id"]
    answer = await chat.post(LEAD | {"conversation_id": conversation}, "leads")
    assert (answer.status_code, answer.json()) == (201, {"conversation_id": conversation})
    alone = await chat.post({"email": "  bo@example.org "}, "leads")
    listed = await leads(chat)
    assert [each["email"] for each in listed] == ["bo@example.org", "ada@example.com"]
    assert [each["conversation_id"] for each in listed] == [alone.json()["conversation_id"], conversation]
    assert {name: listed[1][name] for name in LEAD} == LEAD
    assert await leads(chat, "limit=1&offset=1") == listed[1:]
    answer = await chat.post(LEAD | {"conversation_id": str(uuid4())}, "leads")
    assert (answer.status_code, answer.json()["error"]["field"]) == (404, "conversation_id")


async def test_only_a_widget_with_the_form_takes_addresses(chat: Chat, pool: Pool) -> None:
    """Its public configuration says whether; where there is a text, the visitor has to agree to it."""
    config = (await chat.http.get(chat.path)).json()
    assert config["contact"] == {"consent": None}
    await save_settings(pool, chat.site.widget_id, {"contact_consent": CONSENT})
    assert (await chat.http.get(chat.path)).json()["contact"] == {"consent": CONSENT}
    answer = await chat.post(LEAD, "leads")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "consent")
    assert (await chat.post(LEAD | {"consent": True}, "leads")).status_code == 201
    assert [each["consent"] for each in await leads(chat)] == [CONSENT]
    await save_settings(pool, chat.site.widget_id, {"contact_form": None})
    assert (await chat.http.get(chat.path)).json()["contact"] is None
    answer = await chat.post(LEAD | {"consent": True}, "leads")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "contact_form_off")


async def test_the_form_is_offered_after_a_refusal_and_shown_to_visitors_who_want_a_person(
    chat: Chat, pool: Pool
) -> None:
    """Not after an answer, and not where there is no form."""
    assert (await chat.ask("What does shipping to Norway cost?")).end.get("contact") is None
    assert (await chat.ask("Do you sell bicycles?")).end["contact"] == "offered"
    assert (await chat.ask("Can I talk to a person?")).end["contact"] == "wanted"
    await save_settings(pool, chat.site.widget_id, {"contact_form": False})
    assert "contact" not in (await chat.ask("Can I talk to a person?")).end


async def test_wrong_addresses_are_refused(chat: Chat) -> None:
    """And other fields; the owner of an address need not have a name."""
    for wrong in ("", "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "ada@example.com\nBcc: x@y.z"):
        answer = await chat.post({"email": wrong}, "leads")
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "email"), wrong
    assert (await chat.post(LEAD | {"name": "x" * 101}, "leads")).json()["error"]["field"] == "name"
    assert (await chat.post(LEAD | {"widget_id": str(uuid4())}, "leads")).status_code == 422
    assert await leads(chat) == []
    for right in ("o'hara+tea@sub.example.co.uk", "ö@bücher.example"):
        assert (await chat.post({"email": right}, "leads")).status_code == 201, right


async def test_an_export_has_no_formulas(chat: Chat) -> None:
    """Whatever a visitor writes, a spreadsheet shows it as text."""
    await chat.post(LEAD | {"name": "=1+1", "email": "+a@example.com"}, "leads")
    answer = await chat.owner("GET", "leads", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(answer.text[1:]))
    assert (row["name"], row["email"], row["message"]) == ("'=1+1", "'+a@example.com", LEAD["message"])


@pytest.mark.parametrize("way", ["the lead", "all leads", "its conversation", "all conversations", "retention"])
async def test_an_erased_lead_leaves_nothing(chat: Chat, pool: Pool, way: str) -> None:
    """Neither among the leads nor in what was or is to be delivered; others stay."""
    email = f"{uuid4().hex}@example.com"
    conversation = (await chat.post(LEAD | {"email": email}, "leads")).json()["conversation_id"]
    kept = (await chat.post({"email": "kept@example.com"}, "leads")).json()["conversation_id"]
    assert await count(pool, STORED, email) == 1
    erased = next(each["id"] for each in await leads(chat) if each["email"] == email)
    if way == "retention":
        async with pool.connection() as connection:
            await connection.execute(
                "UPDATE conversations SET created_at = now() - interval '40 days' WHERE id = %s", (conversation,)
            )
        await delete_expired(pool, 30)
    else:
        path = {
            "the lead": f"leads/{erased}",
            "all leads": "leads",
            "its conversation": f"conversations/{conversation}",
            "all conversations": "conversations",
        }[way]
        assert (await chat.owner("DELETE", path)).status_code in (200, 204)
    assert await count(pool, STORED, email) == 0
    others = [] if way.startswith("all") else [kept]
    assert [each["conversation_id"] for each in await leads(chat)] == others
    if way == "the lead":
        other = Chat(chat.http, await build_site(pool, SHOP))
        kept_id = (await leads(chat))[0]["id"]
        assert (await other.owner("DELETE", f"leads/{kept_id}")).status_code == 404
        assert await leads(other) == []
