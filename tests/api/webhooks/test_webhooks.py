"""Webhooks: signed, retried, given up, made again; and nothing private is contacted."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.webhooks import signed_requests
from api.webhooks.courier import Courier
from tasks.core.database import Pool
from tasks.core.events import EventDraft, EventType
from tasks.core.settings import Settings
from tasks.records.build_events import append_event
from tasks.records.webhook_outbox import CLAIM_LOCK, DELAYS_S
from tasks.records.widgets import save_settings
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.api.webhooks.receiver import Receiver, receiving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.knowledge.material import count, new_job

ALL_EVENTS = ["lead.created", "build.completed", "build.failed", "question.unanswered", "feedback"]
LEAD = {"email": "ada@example.com", "name": "Ada", "message": "Call me"}
REFUSED = "Do you sell bicycles?"


@pytest.fixture
def open_settings(settings: MakeSettings) -> Settings:
    """Settings under which loopback may be reached."""
    return settings(admin_token=ADMIN, chat_rate=MANY, egress_allow=["127.0.0.0/8"])


@pytest.fixture
async def chat(pool: Pool, open_settings: Settings) -> AsyncIterator[Chat]:
    """A shop of this test's own, with a contact form; no other delivery waits."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM webhooks")
    site = await build_site(pool, SHOP)
    async with serving(pool, open_settings, site) as served:
        await save_settings(pool, site.widget_id, {"contact_form": True})
        yield served


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver of this test's own."""
    async with receiving() as served:
        yield served


async def add(chat: Chat, url: str, *events: str) -> dict[str, Any]:
    """A new webhook, with its secret."""
    answer = await chat.owner("POST", "webhooks", json={"url": url, "events": events or ALL_EVENTS})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliveries(chat: Chat, hook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """The webhook's deliveries, newest first."""
    listed = (await chat.owner("GET", f"webhooks/{hook['id']}/deliveries?{query}")).json()
    return list(listed["deliveries"])


async def due_now(pool: Pool) -> None:
    """Let the time of all next attempts come."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE webhook_deliveries SET due_at = now(), claimed_until = NULL")


async def test_each_event_is_delivered_once_and_signed(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver
) -> None:
    """In their order; a receiver for one kind gets no other."""
    hook = await add(chat, receiver.url)
    async with receiving() as other:
        await add(chat, other.url, "feedback")
        refused = await chat.ask(REFUSED)
        await chat.ask("What does shipping to Norway cost?")
        await chat.post({"message_id": refused.end["message_id"], "rating": "down", "comment": "Pity"}, "feedback")
        await chat.post(LEAD | {"conversation_id": refused.end["conversation_id"]}, "leads")
        courier = Courier(pool, open_settings)
        await courier.deliver_due()
        await courier.deliver_due()
        assert [each.json["type"] for each in other.received] == ["feedback"]
    got = receiver.received
    assert [each.json["type"] for each in got] == ["question.unanswered", "feedback", "lead.created"]
    assert all(each.is_signed_with(hook["secret"]) and not each.is_signed_with("another") for each in got)
    assert [each.headers["webhook-id"] for each in got] == [each.json["id"] for each in got]
    assert got[0].json["data"]["question"] == REFUSED
    assert got[1].json["data"]["comment"] == "Pity"
    assert got[2].json["data"]["email"] == LEAD["email"]
    assert {each.json["data"]["conversation_id"] for each in got} == {refused.end["conversation_id"]}
    assert {each["status"] for each in await deliveries(chat, hook)} == {"delivered"}


async def test_the_end_of_a_build_is_told(pool: Pool, open_settings: Settings, receiver: Receiver) -> None:
    """Completed or failed, with cause and remedy, from whatever process ends it."""
    for type_, name in ((EventType.builder_completed, "build.completed"), (EventType.builder_failed, "build.failed")):
        job = await new_job(pool)
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO webhooks (id, widget_id, url, secret, events) VALUES (%s, %s, %s, 'secret', %s)",
                (uuid4(), job.widget_id, receiver.url, ALL_EVENTS),
            )
        await append_event(pool, job.build_id, EventDraft(type=type_, message="Over", data={"remedy": "Wait."}))
        await Courier(pool, open_settings).deliver_due()
        told = receiver.received[-1].json
        assert (told["type"], told["widget_id"]) == (name, str(job.widget_id))
        assert told["data"] == {"build_id": str(job.build_id), "message": "Over", "detail": None, "remedy": "Wait."}
    assert len(receiver.received) == 2


@pytest.mark.parametrize("fault", ["down", "500", "redirect"])
async def test_a_delivery_that_fails_is_tried_again_and_then_given_up(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver, fault: str
) -> None:
    """Not before its time; what was given up is listed, and is delivered when it is replayed."""
    async with receiving() as canary:
        hook = await add(chat, receiver.url, "question.unanswered")
        url = receiver.url
        if fault == "down":
            async with receiving() as gone:
                url = gone.url
            await chat.owner("PATCH", f"webhooks/{hook['id']}", json={"url": url})
        receiver.status = {"500": 500, "redirect": 307}.get(fault, 204)
        receiver.location = canary.url if fault == "redirect" else ""
        await chat.ask(REFUSED)
        courier = Courier(pool, open_settings)
        for attempt in range(1, len(DELAYS_S) + 2):
            await courier.deliver_due()
            await courier.deliver_due()
            [listed] = await deliveries(chat, hook)
            assert listed["attempts"] == attempt
            assert listed["status"] == ("dead" if attempt > len(DELAYS_S) else "waiting")
            await due_now(pool)
        await courier.deliver_due()
        assert len(receiver.received) == (0 if fault == "down" else len(DELAYS_S) + 1)
        assert len({each.headers["webhook-id"] for each in receiver.received}) <= 1
        assert canary.received == []
        [dead] = await deliveries(chat, hook, "status=dead")
        assert dead["error"] == {"down": "the connection failed", "500": "HTTP 500"}.get(
            fault, "redirects are not followed"
        )
        receiver.status, receiver.location, before = 200, "", len(receiver.received)
        await chat.owner("PATCH", f"webhooks/{hook['id']}", json={"url": receiver.url})
        answer = await chat.owner("POST", f"webhooks/{hook['id']}/deliveries/{dead['id']}/replay")
        assert answer.status_code == 202
        await courier.deliver_due()
        assert len(receiver.received) == before + 1
        assert receiver.received[-1].json["id"] == dead["id"]
        assert [each["status"] for each in await deliveries(chat, hook)] == ["delivered"]


async def test_a_slow_receiver_holds_up_no_other(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver
) -> None:
    """Its delivery is not sent a second time while the first attempt is under way."""
    receiver.hold.clear()
    slow = await add(chat, receiver.url, "question.unanswered")
    async with receiving() as quick:
        await add(chat, quick.url, "question.unanswered")
        await chat.ask(REFUSED)
        delivering = asyncio.create_task(Courier(pool, open_settings).deliver_due())
        await asyncio.gather(quick.got.wait(), receiver.got.wait())
        await Courier(pool, open_settings).deliver_due()
        assert (len(quick.received), len(receiver.received)) == (1, 1)
        assert [each["status"] for each in await deliveries(chat, slow)] == ["waiting"]
        receiver.hold.set()
        await delivering
    assert [each["status"] for each in await deliveries(chat, slow)] == ["delivered"]


async def test_receivers_that_never_answer_leave_slots_to_the_others(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that failed before wait for each other, whatever is due the longest."""
    monkeypatch.setattr("api.webhooks.courier.SLOTS", 4)
    monkeypatch.setattr("api.webhooks.courier.LATE_SLOTS", 2)
    receiver.hold.clear()
    for _ in range(6):
        await add(chat, receiver.url, "question.unanswered")
    refused = (await chat.ask(REFUSED)).end
    async with pool.connection() as connection:
        await connection.execute("UPDATE webhook_deliveries SET attempts = 1, due_at = now() - interval '1 hour'")
    async with receiving() as quick:
        await add(chat, quick.url, "feedback")
        await chat.post({"message_id": refused["message_id"], "rating": "down"}, "feedback")
        delivering = asyncio.create_task(Courier(pool, open_settings).deliver_due())
        async with asyncio.timeout(10):
            await asyncio.gather(quick.got.wait(), receiver.got.wait())
        await asyncio.sleep(0.3)
        assert (len(quick.received), len(receiver.received)) == (1, 2)
        receiver.hold.set()
        await delivering
    assert len(receiver.received) == 6


async def test_a_receiver_that_does_not_answer_is_left(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery waits for another attempt."""
    monkeypatch.setattr(signed_requests, "ATTEMPT_S", 0.2)
    receiver.hold.clear()
    slow = await add(chat, receiver.url, "question.unanswered")
    await chat.ask(REFUSED)
    await Courier(pool, open_settings).deliver_due()
    [listed] = await deliveries(chat, slow)
    assert (listed["status"], listed["attempts"], listed["error"]) == ("waiting", 1, "no response within 0.2 s")


async def test_a_private_receiver_is_refused_when_it_is_added_and_when_it_is_called(
    chat: Chat, pool: Pool, settings: MakeSettings, receiver: Receiver
) -> None:
    """A name may lead elsewhere by then: the address that is dialled is the one that was judged."""
    closed = settings(admin_token=ADMIN, chat_rate=MANY)
    async with serving(pool, closed, chat.site) as strict:
        for url in (receiver.url, "http://10.0.0.1/", "http://[::1]:80/", "http://2130706433/", "https://x.invalid/"):
            answer = await strict.owner("POST", "webhooks", json={"url": url, "events": ["feedback"]})
            assert (answer.status_code, answer.json()["error"]["field"]) == (422, "url"), url
    hook = await add(chat, receiver.url, "question.unanswered")
    await chat.ask(REFUSED)
    await Courier(pool, closed).deliver_due()
    assert receiver.received == []
    [listed] = await deliveries(chat, hook)
    assert (listed["status"], listed["attempts"], listed["response_status"]) == ("waiting", 1, None)


async def test_two_processes_send_a_delivery_once(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver
) -> None:
    """And one that died while it sent it leaves it to the next."""
    await add(chat, receiver.url, "question.unanswered")
    for _ in range(3):
        await chat.ask(REFUSED)
    await asyncio.gather(*(Courier(pool, open_settings).deliver_due() for _ in range(3)))
    assert len(receiver.received) == 3
    await chat.ask(REFUSED)
    dying = "UPDATE webhook_deliveries SET attempts = 1, claimed_until = now() + interval '{}' WHERE status = 'waiting'"
    for interval, sent in (("1 minute", 3), ("-1 second", 4)):
        async with pool.connection() as connection:
            await connection.execute(dying.format(interval))  # type: ignore[arg-type]
        await Courier(pool, open_settings).deliver_due()
        assert len(receiver.received) == sent


async def test_a_courier_that_meets_another_one_claiming_waits_for_it(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver
) -> None:
    """A courier that has sent a delivery looks for the next; one beside it may have found none yet."""
    await add(chat, receiver.url, "question.unanswered")
    await chat.ask(REFUSED)
    meeting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(%s)", (CLAIM_LOCK,))
        delivering = asyncio.create_task(Courier(pool, open_settings).deliver_due())
        while not (delivering.done() or await count(pool, meeting)):
            await asyncio.sleep(0.01)
        assert receiver.received == []
    await delivering
    assert len(receiver.received) == 1


async def test_a_paused_webhook_keeps_its_deliveries(
    chat: Chat, pool: Pool, open_settings: Settings, receiver: Receiver
) -> None:
    """Until it goes on; a deleted one has none. Its secret is shown once."""
    hook = await add(chat, receiver.url, "question.unanswered")
    assert hook["secret"].startswith("awb_")
    await chat.owner("PATCH", f"webhooks/{hook['id']}", json={"paused": True})
    await chat.ask(REFUSED)
    courier = Courier(pool, open_settings)
    await courier.deliver_due()
    [listed] = (await chat.owner("GET", "webhooks")).json()["webhooks"]
    assert (listed["waiting"], listed["dead"], "secret" in listed, receiver.received) == (1, 0, False, [])
    await chat.owner("PATCH", f"webhooks/{hook['id']}", json={"paused": False})
    await courier.deliver_due()
    assert receiver.received[0].is_signed_with(hook["secret"])
    assert (await chat.owner("DELETE", f"webhooks/{hook['id']}")).status_code == 204
    stored = "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = %s"
    assert await count(pool, stored, UUID(hook["id"])) == 0


async def test_wrong_webhooks_are_named(chat: Chat, pool: Pool, receiver: Receiver) -> None:
    """Which field, and why; and another widget's webhook is not there."""
    good: dict[str, Any] = {"url": receiver.url, "events": ["feedback"]}
    for wrong, field in (
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "not an address"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["everything"]}, "events.0"),
        ({"secret": "mine"}, "secret"),
    ):
        answer = await chat.owner("POST", "webhooks", json=good | wrong)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), wrong
    hook = await add(chat, receiver.url)
    other = Chat(chat.http, await build_site(pool, SHOP))
    for method, path in (
        ("PATCH", f"webhooks/{hook['id']}"),
        ("DELETE", f"webhooks/{hook['id']}"),
        ("GET", f"webhooks/{hook['id']}/deliveries"),
        ("POST", f"webhooks/{hook['id']}/deliveries/{uuid4()}/replay"),
    ):
        assert (await other.owner(method, path, json={} if method == "PATCH" else None)).status_code == 404, path
    assert json.dumps((await other.owner("GET", "webhooks")).json()) == '{"webhooks": []}'
