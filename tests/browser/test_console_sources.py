"""Sources in the console: files and texts are added, read and deleted on the page Knowledge."""

import re

from aiohttp import web
from playwright.async_api import expect

from tests.api.chatting import ADMIN, Chat
from tests.browser.consoles import DESKTOP, PHONE, MakeConsole, tab_to
from tests.documents.files import make_docx, paragraph
from tests.sites.server import serve_handler

CUPPING = "How much does a cupping course cost?"


async def test_a_text_is_written_by_keyboard_and_deleted(console: MakeConsole, shop: Chat) -> None:
    """Visitors get answers from it until then; a field that is wrong is named."""
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("knowledge")
    await tab_to(page, "Write a text")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Title")).to_be_focused()
    await page.keyboard.type("Courses in spring")
    await tab_to(page, "Add")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("form").get_by_label("Text")).to_be_focused()
    await expect(page.get_by_role("form").get_by_label("Text")).to_have_attribute("aria-invalid", "true")
    await page.keyboard.type("A cupping course costs €65 and takes three hours.")
    assert await opened.violations() == []
    await tab_to(page, "Add")
    await page.keyboard.press("Enter")
    await page.get_by_text("Added. Visitors get answers from it.").wait_for()
    assert "€65" in (await shop.ask(CUPPING)).text
    await tab_to(page, "Edit: Courses in spring", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Title")).to_be_focused()
    await expect(page.get_by_label("Title")).to_have_value("Courses in spring")
    await page.get_by_role("form").get_by_label("Text").fill("A cupping course costs €72 and takes three hours.")
    assert await opened.violations() == []
    await tab_to(page, "Save")
    await page.keyboard.press("Enter")
    await page.get_by_text("Saved. Visitors get answers from the new text.").wait_for()
    assert "€72" in (await shop.ask(CUPPING)).text
    await page.get_by_role("button", name="Courses in spring", exact=True).click()
    await page.get_by_role("dialog").get_by_text("A cupping course costs €72").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Delete: Courses in spring").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await page.get_by_text("The source is deleted.").wait_for()
    await page.get_by_text("None yet").wait_for()
    assert "€72" not in (await shop.ask(CUPPING)).text


async def test_files_are_added_and_one_that_is_refused_is_named(console: MakeConsole, shop: Chat) -> None:
    """The others are not held up by it; on a phone, with names that are long and odd."""
    opened = await console(**PHONE)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("knowledge")
    files = [
        ("logo & 100%.png", b"\x89PNG\r\n\x1a\n"),
        ("a-very-long-name-of-a-file-without-any-space-in-it-at-all.docx", make_docx(paragraph("A cupping course."))),
        ("more.json", b'{"courses": "Cupping for 65 euros"}'),
    ]
    await page.get_by_label("Add files").set_input_files(
        [{"name": name, "mimeType": "application/json", "buffer": body} for name, body in files]
    )
    await page.get_by_text("2 files are added.").wait_for()
    await page.get_by_text("logo & 100%.png was not added: it is no PDF, DOCX, or text").wait_for()
    await page.get_by_role("button", name=re.compile("^a-very-long-name")).wait_for()
    await page.get_by_role("button", name="more", exact=True).wait_for()
    assert await opened.violations() == []
    assert await page.evaluate("document.documentElement.scrollWidth <= screen.width")


async def test_markup_in_names_titles_and_texts_is_shown_as_text(console: MakeConsole, shop: Chat) -> None:
    """In the list, in the dialogs with the text and before deletion, and in what is said of a refused file."""
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("knowledge")
    markup = "<img src=x onerror=window.hurt=1>"
    text = f"# {markup}\n\nA course. {markup} <script>window.hurt=1</script> [more](javascript:window.hurt=1)"
    files = [(f"{markup}.png", b"\x89PNG"), ("a.md", text.encode())]
    await page.get_by_label("Add files").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": body} for name, body in files]
    )
    await page.get_by_text(f"{markup}.png was not added").wait_for()
    await page.get_by_role("button", name=markup, exact=True).click()
    await page.get_by_role("dialog").get_by_text("window.hurt=1").first.wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name=f"Delete: {markup}").click()
    await page.get_by_role("dialog").wait_for()
    assert await page.locator("img[src=x], a[href^=javascript]").count() == 0
    assert await page.evaluate("window.hurt") is None


async def test_a_second_site_is_added_by_a_bare_address_and_removed(console: MakeConsole, shop: Chat) -> None:
    """The sites are read at once; an address that may not be fetched is refused beside the field."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="<h1>Help</h1>", content_type="text/html")

    opened = await console(**PHONE)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("knowledge")
    address = page.get_by_label("Add a site")
    await address.fill("10.11.12.13")
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").get_by_text("https://10.11.12.13/: The address does not lead").wait_for()
    await expect(address).to_be_focused()
    async with serve_handler(answer) as url:
        bare = url.removeprefix("http://")
        await address.fill(bare)
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name=bare, exact=True).wait_for()
        assert await sites_of(shop) == [f"{url}/"]
        await address.fill(f"{url}/")
        await page.keyboard.press("Enter")
        await page.get_by_text("The widget reads this site already.").wait_for()
    assert await opened.violations() == []
    assert await page.evaluate("document.documentElement.scrollWidth <= screen.width")
    await page.get_by_role("button", name=f"Remove {bare}").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await page.get_by_text("The site is removed.").wait_for()
    assert await sites_of(shop) == []


async def sites_of(shop: Chat) -> list[str]:
    """The further sites of the widget's rules."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    shown = (await shop.http.get(f"/api/widgets/{shop.site.widget_id}", headers=headers)).json()
    return list(shown["rules"]["sites"])
