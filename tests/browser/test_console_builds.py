"""Adding widgets in the console with the whole product: builds, progress and failures."""

import re

from playwright.async_api import Browser, Page, expect

from tests.browser.axe import load_axe
from tests.browser.consoles import tab_to
from tests.placing import Placer
from tests.product import Product
from tests.sites.generated import generated_site
from tests.sites.server import Site

TIMEOUT_MS = 60_000


async def test_pasted_addresses_become_widgets(chromium: Browser, product: Product, company: Site) -> None:
    """One that cannot be read fails in words, the others are built, and each has its token at once."""
    context = await chromium.new_context(base_url=product.info.api_url)
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    await page.goto("/console")
    await page.get_by_label("Token").fill(product.info.admin_token)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Add", exact=True).click()
    await page.get_by_label("Addresses of websites").fill(f"{company.url}/\nhttp://127.0.0.1:9/\n{company.url}/")
    await page.get_by_role("button", name="Build").click()
    await page.get_by_text("2 of 2 done, 1 failed").wait_for()
    row = page.get_by_role("row").filter(has_text=company.url)
    assert "Ready" in await row.inner_text()
    failed = await page.get_by_role("row").filter(has_text="127.0.0.1:9").inner_text()
    assert "Failed" in failed
    await row.get_by_role("link", name="Open").click()
    await page.get_by_role("heading", name="Last reading").wait_for()
    await page.goto(page.url.replace("/overview", "") + "/knowledge")
    await page.get_by_role("button", name="Opening hours").or_(page.locator(".as-link")).first.click()
    await page.get_by_role("region", name="What was read").locator("p").first.wait_for()
    await context.close()


async def test_rules_and_schedule_are_set_by_keyboard_and_errors_stand_beside_their_fields(
    chromium: Browser, product: Product, place: Placer
) -> None:
    """The widget keeps what is saved; axe finds nothing while an error is shown."""
    async with generated_site(2, 1, 0) as site:
        placed = await place(site.url)
    context = await chromium.new_context(base_url=product.info.api_url)
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    await page.goto("/console")
    await page.get_by_label("Token").fill(placed.token)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Widgets").wait_for()
    await page.goto(f"/console#/w/{placed.widget_id}/settings")
    await _type(page, "Leave out these paths", "blog")
    await _save(page, "Pages to read")
    await page.locator(".wrong").filter(has_text="begins with / or *").wait_for()
    await expect(page.get_by_label("Leave out these paths")).to_be_focused()
    await load_axe(page)
    assert await page.evaluate("axe.run({resultTypes: ['violations']}).then(it => it.violations)") == []
    await _type(page, "Leave out these paths", "/blog/*")
    await _save(page, "Pages to read")
    await page.get_by_role("status").filter(has_text="Saved.").wait_for()
    await page.get_by_label("Read the site", exact=True).select_option("At set times")
    await _type(page, "Times (cron)", "* * * * *")
    await _save(page, "When the site is read again")
    await page.locator(".wrong").filter(has_text="between two readings").wait_for()
    await _type(page, "Times (cron)", "0 4 * * 1")
    await _type(page, "Time zone", "Europe/Berlin")
    await _save(page, "When the site is read again")
    await page.get_by_text("Next reading:").wait_for()
    shown = (await product.http.get(f"/api/widgets/{placed.widget_id}", headers=placed.owner)).json()
    assert shown["rules"]["exclude"] == ["/blog/*"]
    assert shown["schedule"] == {"cron": "0 4 * * 1", "timezone": "Europe/Berlin", "jitter_s": 0, "active": True}
    await product.http.delete(f"/api/widgets/{placed.widget_id}", headers=placed.owner)
    await context.close()


async def test_the_whole_way_is_done_by_keyboard(chromium: Browser, product: Product, company: Site) -> None:
    """From signing in over a new widget, an answer, the look, the installation and the settings to signing out."""
    context = await chromium.new_context(base_url=product.info.api_url)
    context.set_default_timeout(TIMEOUT_MS)
    page = await context.new_page()
    await page.goto("/console")
    await _fill(page, "Token", product.info.admin_token)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Your widgets").wait_for()
    await _press(page, "Add")
    await _fill(page, "Addresses of websites", f"{company.url}/")
    await _press(page, "Build")
    await page.get_by_text("1 of 1 done").wait_for()
    await _press(page, f"Open {company.url.removeprefix('http://')}")
    await page.get_by_role("heading", name="Last reading").wait_for()
    widget_id = page.url.partition("#/w/")[2].partition("/")[0]
    question = {"message": "Do you sell submarines?"}
    asked = await product.http.post(f"/api/public/widgets/{widget_id}/chat", json=question)
    assert '"answered":false' in asked.text, asked.text
    await _press(page, "Answers")
    await page.get_by_role("heading", name="Questions without an answer").wait_for()
    await page.get_by_role("button", name="Answer: Do you").wait_for()
    await _press(page, "Answer: Do you sell submarines?")
    await expect(page.get_by_label("Answer", exact=True)).to_be_focused()
    await page.keyboard.type("No, only tents.")
    await _press(page, "Save")
    await page.get_by_text("No, only tents.").last.wait_for()
    await _press(page, "Look")
    await page.get_by_role("form", name="Look").wait_for()
    await _fill(page, "Name", "By keyboard")
    await _press(page, "Save")
    await page.get_by_text("Saved. Visitors see it from now on.").wait_for()
    await _press(page, "Install")
    await page.get_by_role("heading", name="The snippet").wait_for()
    await _press(page, "Check")
    await page.locator(".verdict[data-state]").wait_for()
    await _press(page, "Settings")
    await page.get_by_role("region", name="Pages to read").wait_for()
    await _fill(page, "Leave out these paths", "/blog/*")
    await _press(page, "Save")
    # Not the note of the look, which begins with the same word and stays for seconds.
    await page.get_by_role("status").filter(has_text=re.compile(r"^Saved\.$")).wait_for()
    await tab_to(page, "Sign out", "Shift+Tab")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Sign in").wait_for()
    headers = {"Authorization": f"Bearer {product.info.admin_token}"}
    shown = (await product.http.get(f"/api/widgets/{widget_id}", headers=headers)).json()
    assert shown["chosen"]["name"] == "By keyboard"
    assert shown["rules"]["exclude"] == ["/blog/*"]
    await product.http.delete(f"/api/widgets/{widget_id}", headers=headers)
    await context.close()


async def _press(page: Page, name: str) -> None:
    """Go to the element with this name by Tab, and press Enter."""
    await tab_to(page, name)
    await page.keyboard.press("Enter")


async def _fill(page: Page, name: str, text: str) -> None:
    """Go to the field with this name by Tab, and replace its text."""
    await tab_to(page, name)
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)


async def _type(page: Page, label: str, text: str) -> None:
    """Replace a field's text by keyboard."""
    await page.get_by_label(label, exact=True).focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)


async def _save(page: Page, card: str) -> None:
    """Press the card's button by keyboard."""
    await page.get_by_role("region", name=card).get_by_role("button", name="Save").press("Enter")
