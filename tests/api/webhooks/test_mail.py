"""Events by e-mail: to addresses whose holder has agreed, with the attempts, list and replay of webhooks."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.webhooks.courier import Courier
from tasks.core.database import Pool
from tasks.core.errors import InvalidSetting
from tasks.core.settings import Settings, load_settings
from tasks.records.widgets import save_settings
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.api.webhooks.mail_server import MailServer, mail_server
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site

LEAD = {"email": "ada@example.com", "name": "Ada", "message": "Call me.\r\nBcc: eve@example.com"}


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server that accepts everything."""
    async with mail_server() as served:
        yield served


@pytest.fixture
def mailing(settings: MakeSettings, mail: MailServer) -> Settings:
    """Settings with the mail server; a widget takes two addresses a day."""
    return settings(
        admin_token=ADMIN, chat_rate=MANY, smtp_url=mail.url, mail_from="widgets@example.org", leads_a_day=2
    )


@pytest.fixture
async def chat(pool: Pool, mailing: Settings) -> AsyncIterator[Chat]:
    """The chat of a shop with the form for addresses."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage WHERE scope = 'confirmations'")
    site = await build_site(pool, SHOP)
    await save_settings(pool, site.widget_id, {"contact_form": True})
    async with serving(pool, mailing, site) as served:
        yield served


async def add(chat: Chat, address: str = "owner@example.org") -> dict[str, Any]:
    """Add a receiver of leads."""
    answer = await chat.owner("POST", "webhooks", json={"url": f"mailto:{address}", "events": ["lead.created"]})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_address_gets_leads_once_its_holder_has_agreed(
    chat: Chat, pool: Pool, mailing: Settings, mail: MailServer
) -> None:
    """A wrong code is refused; what a visitor writes adds no header, and an answer goes to the visitor."""
    made = await add(chat)
    assert made["confirmed"] is False
    await chat.post(LEAD, "leads")
    await Courier(pool, mailing).deliver_due()
    (asked,) = mail.received
    code = re.search(r"^    (\S+)\s*$", asked.get_content(), re.MULTILINE)
    assert code is not None
    assert code[1] not in str(made)
    confirm = f"webhooks/{made['id']}/confirm"
    assert (await chat.owner("POST", confirm, json={"code": "wrong"})).json()["error"]["field"] == "code"
    assert (await chat.owner("POST", confirm, json={"code": code[1]})).json()["confirmed"] is True
    await Courier(pool, mailing).deliver_due()
    await Courier(pool, mailing).deliver_due()
    (_, told) = mail.received
    assert mail.recipients == ["owner@example.org"] * 2
    assert (told["From"], told["To"], told["Reply-To"]) == ("widgets@example.org", "owner@example.org", LEAD["email"])
    assert told["Bcc"] is None
    assert "Call me." in told.get_content()
    assert f"#/w/{chat.site.widget_id}" in told.get_content()
    [delivery] = (await chat.owner("GET", f"webhooks/{made['id']}/deliveries")).json()["deliveries"]
    assert (delivery["status"], delivery["response_status"]) == ("delivered", 250)
    assert told["Message-ID"] == f"<{delivery['id']}@127.0.0.1>"


async def test_a_mail_that_is_refused_waits_for_another_attempt(
    chat: Chat, pool: Pool, mailing: Settings, mail: MailServer
) -> None:
    """With the cause; also while the server is down or gone from the settings."""
    made = await add(chat)
    async with pool.connection() as connection:
        await connection.execute("UPDATE webhooks SET confirmation_hash = NULL WHERE id = %s", (made["id"],))
    await chat.post(LEAD, "leads")
    mail.refusal = "550 no such mailbox"
    without = mailing.model_copy(update={"smtp_url": None})
    down = load_settings(smtp_url="smtp://127.0.0.1:1", mail_from="a@example.org", _env_file=None)
    login = load_settings(smtp_url=mail.url.replace("//", "//me:secret@"), mail_from="a@example.org", _env_file=None)
    for settings_, cause in (
        (mailing, "refuses the address: 550"),
        (down, "cannot be reached"),
        (without, "no mail server"),
        (login, "offers no TLS"),
    ):
        async with pool.connection() as connection:
            await connection.execute("UPDATE webhook_deliveries SET due_at = now(), claimed_until = NULL")
        await Courier(pool, settings_).deliver_due()
        [delivery] = (await chat.owner("GET", f"webhooks/{made['id']}/deliveries")).json()["deliveries"]
        assert delivery["status"] == "waiting"
        assert cause in delivery["error"]
    assert len(mail.received) == 1


async def test_addresses_are_checked_and_cannot_be_changed(chat: Chat, mail: MailServer) -> None:
    """Nothing is stored that the mail server refuses; a client has only so many codes sent."""
    made = await add(chat)
    for url in ("mailto:other@example.org", "https://example.com/"):
        changed = await chat.owner("PATCH", f"webhooks/{made['id']}", json={"url": url})
        assert (changed.status_code, changed.json()["error"]["field"]) == (422, "url")
    mail.refusal = "550 no such mailbox"
    for address in ("nobody@example.org", "no address", "a@example.org?bcc=b@example.org"):
        answer = await chat.owner("POST", "webhooks", json={"url": f"mailto:{address}", "events": ["feedback"]})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "url"), address
    assert len((await chat.owner("GET", "webhooks")).json()["webhooks"]) == 1
    body = {"url": "mailto:nobody@example.org", "events": ["feedback"]}
    # The hour may end meanwhile.
    statuses = {(await chat.owner("POST", "webhooks", json=body)).status_code for _ in range(21)}
    assert statuses == {422, 429}


async def test_a_widget_takes_only_so_many_addresses_a_day(chat: Chat) -> None:
    """Then 429 until tomorrow."""
    assert [(await chat.post(LEAD, "leads")).status_code for _ in range(3)] == [201, 201, 429]


async def test_a_service_without_a_mail_server_says_so(pool: Pool, settings: MakeSettings) -> None:
    """When an address is added; a server without a sender is refused at the start."""
    async with serving(pool, settings(admin_token=ADMIN), await build_site(pool, SHOP)) as plain:
        body = {"url": "mailto:owner@example.org", "events": ["feedback"]}
        assert "sends no e-mail" in (await plain.owner("POST", "webhooks", json=body)).json()["error"]["message"]
    for wrong in ({"smtp_url": "smtp://a.example"}, {"smtp_url": "http://a.example", "mail_from": "a@example.org"}):
        with pytest.raises(InvalidSetting):
            load_settings(_env_file=None, **wrong)
