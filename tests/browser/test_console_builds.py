"""Adding widgets in the console with the whole product: builds, progress and failures."""

from playwright.async_api import Browser

from tests.product import Product
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
