"""The form for a visitor's e-mail address, in the chat: by keyboard, for screen readers, in the widget's language."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chat_server import done, token
from tests.browser.conftest import MakeVisit, Visit
from tests.browser.test_accessibility import PHONE, violations

CONSENT = "You may write to me about my question."


async def offered(visit: MakeVisit, contact: str = "offered", consent: str | None = None, **options: Any) -> Visit:
    """A chat whose last question was refused, with the way to a person."""
    tab = await visit(drawn=False, **options)
    tab.chat.config["contact"] = {"consent": consent}
    await tab.page.reload()
    await tab.launcher.wait_for()
    await tab.open()
    tab.chat.will_answer(token("The site does not say."), done(False, contact=contact))
    await tab.ask("Do you sell bicycles?")
    await tab.see("not_found")
    return tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_visitor_leaves_an_address_by_keyboard(visit: MakeVisit, scheme: str) -> None:
    """The question that was refused is the message; errors are said at their field; axe finds nothing."""
    tab = await offered(visit, consent=CONSENT, color_scheme=scheme)
    keys, form = tab.page.keyboard, tab.dialog.locator("form.lead")
    await (await tab.see("not_found")).get_by_role("button", name="Talk to a person").press("Enter")
    email = form.get_by_label("E-mail address", exact=True)
    await expect(email).to_be_focused()
    await expect(form.get_by_label("Your question")).to_have_value("Do you sell bicycles?")
    assert await violations(tab) == []
    await keys.type("ada@example")
    await keys.press("Enter")
    await expect(email).to_have_attribute("aria-invalid", "true")
    await expect(form.get_by_role("alert")).to_contain_text("name@example.com")
    await expect(email).to_be_focused()
    await keys.type(".com")
    await keys.press("Enter")
    agreed = form.get_by_label(CONSENT)
    await expect(agreed).to_be_focused()
    await keys.press("Space")
    assert await violations(tab) == []
    await keys.press("Enter")
    thanks = form.get_by_text("Thank you.")
    await expect(thanks).to_be_focused()
    [sent] = tab.chat.leads
    assert sent.pop("conversation_id")
    assert sent == {"email": "ada@example.com", "name": "", "message": "Do you sell bicycles?", "consent": True}
    assert tab.problems == []


async def test_a_visitor_who_wants_a_person_sees_the_form_at_once(visit: MakeVisit) -> None:
    """In the widget's language, without the focus; it can be closed, and a failure leaves what was written."""
    tab = await offered(visit, "wanted", **PHONE)
    form = tab.dialog.locator("form.lead")
    await form.get_by_text("Your address is used to answer you").wait_for()
    await expect(form.get_by_label("E-mail address", exact=True)).not_to_be_focused()
    assert await violations(tab) == []
    tab.chat.takes_leads = False
    await form.get_by_label("E-mail address", exact=True).fill("ada@example.com")
    await form.get_by_role("button", name="Send").click()
    await form.get_by_role("alert").filter(has_text="could not be sent").wait_for()
    await expect(form.get_by_label("E-mail address", exact=True)).to_have_value("ada@example.com")
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_have_count(0)
    await expect(tab.input).to_be_focused()
    tab.chat.config["locale"] = "de"
    german = await visit(**PHONE)
    await german.launcher.click()
    await german.dialog.get_by_role("button", name="Mit einem Menschen sprechen").click()
    await expect(german.dialog.get_by_label("E-Mail-Adresse", exact=True)).to_be_focused()


async def test_a_widget_without_the_form_offers_none(visit: MakeVisit) -> None:
    """Neither a button nor its script."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(token("The site does not say."), done(False))
    await tab.ask("Do you sell bicycles?")
    await tab.see("not_found")
    assert await tab.dialog.get_by_role("button", name="Talk to a person").count() == 0
    assert not [url for url in tab.requests if "/lead-" in url]
