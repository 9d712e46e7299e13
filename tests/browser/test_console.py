"""The owner's console in Chromium: what an owner does on its pages, also by keyboard."""

import io
from typing import Any

from PIL import Image
from playwright.async_api import expect

from tasks.core.database import Pool
from tasks.core.models import Target
from tasks.core.theme_model import FoundLogo
from tasks.records.crawl_record import CrawlRecord
from tasks.records.publication import WidgetLooks, save_looks
from tasks.records.widgets import read_widget
from tests.api.chatting import Chat
from tests.browser.consoles import (
    DESKTOP,
    PHONE,
    THEME,
    TOKEN,
    MakeConsole,
    ask_some,
    tab_to,
    violations_in_both_schemes,
)
from tests.knowledge.material import SITE


async def test_the_keyboard_is_enough_to_answer_a_question(console: MakeConsole, shop: Chat) -> None:
    """From signing in to a visitor who gets the answer."""
    await ask_some(shop)
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.open()
    await tab_to(page, "Token")
    await page.keyboard.type(TOKEN)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    await tab_to(page, "Leith Roasters")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Answer: Do you sell").wait_for()
    name = await page.get_by_role("link", name="Answer: Do you sell").get_attribute("aria-label")
    assert name is not None
    await tab_to(page, name)
    await page.keyboard.press("Enter")
    await page.get_by_role("form", name="New answer").wait_for()
    await expect(page.get_by_label("Answer", exact=True)).to_be_focused()
    await page.keyboard.type("We sell **coffee** alone.")
    await tab_to(page, "Try")
    await page.keyboard.press("Enter")
    await page.get_by_text("Given", exact=True).first.wait_for()
    await tab_to(page, "Save")
    await page.keyboard.press("Enter")
    await page.get_by_text("Saved. Visitors get it from now on.").wait_for()
    assert (await shop.ask("Do you sell bicycles?")).text.startswith("We sell **coffee** alone.")


async def test_a_wrong_token_is_refused_in_words(console: MakeConsole) -> None:
    """And signing out forgets the right one."""
    opened = await console()
    await opened.sign_in("wrong")
    await opened.page.get_by_text("No widget has this token.").wait_for()
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.page.reload()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    assert await opened.page.evaluate("localStorage.length") == 0
    await opened.page.get_by_role("button", name="Sign out").click()
    await opened.page.get_by_label("Token").wait_for()
    assert await opened.page.evaluate("sessionStorage.getItem('ai-widget-console')") is None


async def test_staying_signed_in_outlives_the_tab(console: MakeConsole) -> None:
    """The token is then kept in the browser; the start page offers the widgets."""
    opened = await console()
    await opened.open()
    await opened.page.get_by_label("Stay signed in on this device").check()
    await opened.page.get_by_label("Token").fill(TOKEN)
    await opened.page.keyboard.press("Enter")
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    other = await opened.page.context.new_page()
    await other.goto("/")
    await other.get_by_role("link", name="Your widgets").click()
    await other.get_by_role("link", name="Leith Roasters").wait_for()


async def test_conversations_are_filtered_and_erased(console: MakeConsole, shop: Chat) -> None:
    """An erased one is gone for good."""
    await ask_some(shop)
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("conversations")
    page = opened.page
    assert await page.get_by_role("article").count() == 5
    await page.get_by_label("Answer", exact=True).select_option("Not answered")
    await page.get_by_text("2 conversations").wait_for()
    await page.get_by_role("button", name="Erase the conversation: Do you sell bicycles?").click()
    await page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    await page.get_by_text("1 conversation", exact=True).wait_for()
    assert (await shop.owner("GET", "conversations?q=bicycles")).json()["total"] == 0


async def test_the_answers_that_cite_a_page_are_reached_from_the_overview(console: MakeConsole, shop: Chat) -> None:
    """The filter says which; without it, all are there again."""
    await ask_some(shop)
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("overview")
    page = opened.page
    await page.get_by_role("region", name="Cited most").get_by_role("link", name="About us").click()
    await page.get_by_text("1 conversation", exact=True).wait_for()
    await expect(page.get_by_role("article")).to_have_attribute("aria-label", "Conversation: Who founded the roastery?")
    await page.get_by_label("Cited page").fill("")
    await page.get_by_text("5 conversations").wait_for()


async def test_the_look_is_tried_on_the_real_widget_and_saved(console: MakeConsole, shop: Chat) -> None:
    """A name that is too long is refused at its field."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("look")
    page = opened.page
    await page.get_by_label("Name").fill("The Roastery")
    await page.get_by_label("Colour", exact=True).fill("#0a5c36")
    await page.get_by_label("Suggested questions").fill("x" * 201)
    await page.get_by_role("button", name="Save").click()
    await page.locator(".wrong").filter(has_text="200").wait_for()
    await page.get_by_label("Suggested questions").fill("Where are you?")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Saved. Visitors see it from now on.").wait_for()
    config = (await shop.http.get(shop.path)).json()
    assert (config["name"], config["suggested_questions"]) == ("The Roastery", ["Where are you?"])
    assert config["theme"]["tokens"]["light"]["--aw-primary"] == "#0a5c36"


async def test_the_preview_leaves_the_keyboard_to_the_form(console: MakeConsole, shop: Chat) -> None:
    """The chat opens by itself in the preview's frame, which is as narrow as a phone."""
    opened = await console(**DESKTOP)
    await opened.page.add_init_script("addEventListener('ai-widget:open', () => (window.hasOpened = true))")
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("look")
    name, preview = opened.page.get_by_label("Name"), opened.page.frames[1]
    await preview.wait_for_function("() => window.hasOpened")
    await name.focus()
    await preview.evaluate("() => { window.hasOpened = false; location.reload(); }")
    await preview.wait_for_function("() => window.hasOpened")
    await opened.page.keyboard.press("End")
    await opened.page.keyboard.type(" & Sons")
    assert await name.input_value() == "Leith Roasters & Sons"


async def test_a_widget_is_deleted_after_confirming(console: MakeConsole, shop: Chat) -> None:
    """Cancelling changes nothing."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("heading", name="Your widgets").wait_for()
    await opened.tab("settings")
    page = opened.page
    for choice in ("Cancel", "Delete"):
        await page.get_by_role("button", name="Delete this widget").click()
        await page.get_by_role("dialog").get_by_role("button", name=choice, exact=True).click()
    await page.get_by_role("heading", name="Your widgets").wait_for()
    assert (await shop.http.get(shop.path)).status_code == 404


async def test_addresses_are_read_from_pasted_text_and_csv(console: MakeConsole) -> None:
    """Each once; names, mail addresses and other cells are passed over."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.open("#/add")
    page = opened.page
    await page.get_by_label("Addresses of websites").fill("example.com, https://example.com\nMy shop; shop.example.org")
    await page.get_by_text("2 addresses").wait_for()
    table = (
        b'name,site,mail\r\n"Baker, Tom",https://baker.example/a?b=1,tom@baker.example\r\nShop,shop.example.org,\r\n'
    )
    file: Any = {"name": "sites.csv", "mimeType": "text/csv", "buffer": table}
    await page.get_by_label("Or a CSV file").set_input_files(file)
    await page.get_by_text("3 addresses").wait_for()


async def test_addresses_left_are_listed_and_deleted(console: MakeConsole, shop: Chat) -> None:
    """One, or all."""
    await ask_some(shop)
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("leads")
    page = opened.page
    async with page.expect_download() as file:
        await page.get_by_role("button", name="Export CSV").click()
    assert "ada@example.com" in (await (await file.value).path()).read_text()
    await page.get_by_role("button", name="Delete: ada@example.com").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_text("None yet").wait_for()
    assert (await shop.owner("GET", "leads")).json()["total"] == 0


async def test_behaviour_is_changed_and_kept(console: MakeConsole, shop: Chat) -> None:
    """The words of refusals, the form with its text to agree to, the language; where nothing is set, the defaults."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("behaviour")
    page = opened.page
    await page.get_by_label("Instructions").fill("Be brief.")
    await page.get_by_label("Say this").fill("Please ring us.")
    await page.get_by_label("Suggest other questions then").uncheck()
    await page.get_by_label("Text to agree to").fill("You may write to me.")
    await page.get_by_label("Buttons and labels of the chat").select_option("German")
    for card in ("Wording of answers", "When the site does not say", "Form for e-mail addresses", "Language"):
        async with page.expect_response(lambda it: it.request.method == "PATCH") as saved:
            await page.get_by_role("region", name=card).get_by_role("button", name="Save").click()
        assert (await saved.value).ok
    config = (await shop.http.get(shop.path)).json()
    assert (config["locale"], config["contact"]) == ("de", {"consent": "You may write to me."})
    refused = await shop.ask("Who is the mayor of London?")
    assert (refused.text, refused.end["suggestions"]) == ("Please ring us.", [])
    await opened.tab("behaviour")
    await expect(page.get_by_label("Instructions")).to_have_value("Be brief.")
    await expect(page.get_by_label("Suggest other questions then")).not_to_be_checked()
    await page.get_by_label("Visitors may leave their e-mail address").uncheck()
    await page.get_by_role("region", name="Form for e-mail addresses").get_by_role("button", name="Save").click()
    await page.get_by_role("status").filter(has_text="Saved.").wait_for()
    await opened.tab("leads")
    await page.get_by_role("link", name="Switch the form on").click()
    await expect(page.get_by_label("Visitors may leave their e-mail address")).not_to_be_checked()


async def test_a_webhook_is_added_and_its_deliveries_are_sent_again(console: MakeConsole, shop: Chat) -> None:
    """The secret is shown once; a private address is refused at its field."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("webhooks")
    page = opened.page
    address = page.get_by_label("Address", exact=True)
    await address.fill("http://10.0.0.1/hook")
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.locator(".wrong").filter(has_text="not public").wait_for()
    await address.fill("http://127.0.0.1:1/hook")
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.get_by_label("Secret", exact=True).filter(has_text="awb_").wait_for()
    await shop.post({"email": "ada@example.com"}, "leads")
    await page.reload()
    await page.get_by_text("1 delivery waiting").wait_for()
    assert await page.get_by_text("awb_").count() == 0
    await page.get_by_text("Last deliveries").click()
    await page.get_by_role("button", name="Send again: lead.created").click()
    await page.get_by_text("It is sent again.").wait_for()
    await page.get_by_role("button", name="Pause: ").click()
    await page.get_by_text("Paused", exact=True).wait_for()


async def test_a_page_is_left_out_of_the_answers_and_taken_in_again(console: MakeConsole, shop: Chat) -> None:
    """At once, by a rule that the settings show."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("knowledge")
    for label, is_answered in (("Leave out: Shipping", False), ("Take in: Shipping", True)):
        await opened.page.get_by_role("button", name=label).click()
        await opened.page.get_by_role("button", name=label).wait_for(state="detached")
        assert (await shop.ask("What does shipping to Norway cost?")).end["answered"] is is_answered
    await opened.tab("settings")
    await expect(opened.page.get_by_label("Leave out these paths")).to_have_value("")


async def test_a_page_that_search_engines_may_not_index_is_taken_in(
    console: MakeConsole, shop: Chat, pool: Pool
) -> None:
    """With its cause in the list, by a rule for the next reading that the settings show; one that refuses AI is not."""
    job_id = (await read_widget(pool, shop.site.widget_id)).active_job_id
    assert job_id is not None
    record = CrawlRecord(pool, job_id)
    for place, (path, reason) in enumerate((("/terms", "noindex"), ("/art", "no_ai"))):
        target = Target(url=f"{SITE}{path}", depth=2, order=100 + place)
        await record.add_urls([target])
        await record.record_outcome(target.url, "skipped", reason)
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("knowledge")
    await page.get_by_text("The page asks not to be indexed").wait_for()
    await page.get_by_text("The page asks not to be used by AI").wait_for()
    assert await page.get_by_role("button", name="Take in: ").count() == 1
    await page.get_by_role("button", name="Take in: /terms").click()
    await page.get_by_text("The next reading of the site takes the page in.").wait_for()
    assert await opened.violations() == []
    await opened.tab("settings")
    paths = page.get_by_label("Read these paths although search engines may not")
    await expect(paths).to_have_value("/terms")


async def test_a_fact_is_corrected_and_hidden(console: MakeConsole, shop: Chat) -> None:
    """Visitors are told the correction; what was found comes back."""
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("facts")
    page = opened.page
    await page.get_by_role("button", name="Correct: 0131 496 0001").click()
    await page.get_by_label("Value of 0131 496 0001").fill("0131 496 0009")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Corrected").wait_for()
    await page.get_by_role("button", name="Hide: 0131 496 0002").click()
    await page.get_by_text("Hidden").wait_for()
    told = (await shop.http.get(f"{shop.path}/llms.txt")).text
    assert "0131 496 0009" in told
    assert "0131 496 0001" not in told
    assert "0131 496 0002" not in told
    await page.get_by_role("button", name="Back to what was found: 0131 496 0001").click()
    await page.get_by_role("button", name="Correct: 0131 496 0001").wait_for()


async def test_another_logo_of_those_found_is_chosen_by_keyboard(console: MakeConsole, shop: Chat, pool: Pool) -> None:
    """The one that visitors see is pressed; the site's first one comes back."""
    first, second = (png_of(colour) for colour in ("#c81414", "#1414c8"))
    logos = (FoundLogo(tile=first, found="picture in the header"), FoundLogo(tile=second, found="link rel=icon"))
    looks = WidgetLooks(
        theme=THEME.model_copy(update={"logo_tile": first, "found_logos": logos}), site_url="https://leith.example/"
    )
    await save_looks(pool, shop.site.widget_id, looks)
    opened = await console(**PHONE)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("look")
    page = opened.page
    one = page.get_by_role("button", name="Logo 1, picture in the header")
    other = page.get_by_role("button", name="Logo 2, link rel=icon")
    await expect(one).to_have_attribute("aria-pressed", "true")
    assert await other.locator("img").evaluate("it => it.naturalWidth") == 80
    site_tag = (await shop.http.get(shop.path)).json()["logo"]
    await tab_to(page, "Logo 2, link rel=icon")
    await page.keyboard.press("Enter")
    await page.get_by_role("status").filter(has_text="Visitors see this logo").wait_for()
    await expect(other).to_have_attribute("aria-pressed", "true")
    await expect(other).to_be_focused()
    assert (await shop.http.get(f"{shop.path}/logo")).content == second
    assert await violations_in_both_schemes(opened) == []
    await page.get_by_role("button", name="Use the site's logo").click()
    await expect(one).to_have_attribute("aria-pressed", "true")
    assert (await shop.http.get(shop.path)).json()["logo"] == site_tag


def png_of(colour: str) -> bytes:
    """A logo as it is stored."""
    file = io.BytesIO()
    Image.new("RGB", (80, 80), colour).save(file, "PNG")
    return file.getvalue()


async def test_a_logo_is_sent_and_the_sites_comes_back(console: MakeConsole, shop: Chat) -> None:
    """By keyboard but for the file; a file that is none is refused beside its field."""
    opened = await console(**PHONE)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("look")
    page = opened.page
    file = page.get_by_label("Logo", exact=True)
    bad: Any = {"name": "logo.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    await file.set_input_files(bad)
    await page.get_by_role("alert").filter(has_text="PNG, JPEG, WebP or SVG").wait_for()
    back = page.get_by_role("button", name="Use the site's logo")
    assert await back.is_hidden()
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="2" height="1" fill="#c81414"/></svg>'
    good: Any = {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": svg}
    await file.set_input_files(good)
    await page.get_by_role("status").filter(has_text="Visitors see the logo").wait_for()
    tag = (await shop.http.get(shop.path)).json()["logo"]
    assert tag
    assert await violations_in_both_schemes(opened) == []
    await tab_to(page, "Use the site's logo")
    await page.keyboard.press("Enter")
    await page.get_by_role("status").filter(has_text="The site's logo").wait_for()
    assert (await shop.http.get(shop.path)).json()["logo"] is None
