"""The onboarding page with the whole product: from an address to an answer, as a person uses it."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Route, expect

from tests.browser.axe import load_axe
from tests.browser.conftest import OPENED
from tests.product import Product
from tests.sites import company_facts as facts
from tests.sites.server import Site, serve_site

TIMEOUT_MS = 60_000
PURPLE = "rgb(124, 58, 237)"
IN_COLOUR = """wanted => {
    const header = document.querySelector("iframe").contentDocument
        ?.querySelector("ai-widget")?.shadowRoot?.querySelector("header");
    return header && getComputedStyle(header).backgroundColor === wanted;
}"""
"""Whether the widget in the preview has this colour."""


@pytest.fixture
async def page(chromium: Browser, product: Product) -> AsyncIterator[Page]:
    """The opened page; asserts at the end that its console is empty."""
    context = await chromium.new_context(base_url=product.info.api_url)
    context.set_default_timeout(TIMEOUT_MS)
    await context.add_init_script(OPENED)
    page = await context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: message.type in ("error", "warning") and said.append(_text_of(message)))
    await page.goto("/")
    yield page
    await context.close()
    assert [text for text in said if not any(known in text for known in ("422", "404", "/readyz"))] == []


def _text_of(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"


async def violations(page: Page) -> list[str]:
    """Violations that axe finds, in the preview's frame too."""
    await load_axe(page)
    found = await page.evaluate("axe.run({resultTypes: ['violations']}).then(it => it.violations)")
    return [f"{it['id']}: {node['html']}" for it in found for node in it["nodes"]]


async def test_the_page_says_what_a_starting_service_waits_for(page: Page) -> None:
    """Until it is ready."""
    states = [("ok", "no server", "no worker"), ("ok", "ok", "no worker"), ("ok", "ok", "ok")]

    async def answer(route: Route) -> None:
        dependencies = dict(zip(("postgresql", "prefect", "worker"), states[0], strict=True))
        is_ready = len(states) == 1
        body = {"status": "ready" if is_ready else "not ready", "dependencies": dependencies}
        await route.fulfill(status=200 if is_ready else 503, json=body)

    await page.route("**/readyz", answer)
    await page.reload()
    waiting = page.locator("#waiting")
    await expect(waiting).to_have_text("Not ready yet: waiting for Prefect and the worker.")
    del states[0]
    await expect(waiting).to_have_text("Not ready yet: waiting for the worker.")
    del states[0]
    await expect(waiting).to_be_empty()


async def test_from_an_address_to_an_answer(page: Page, product: Product, company: Site) -> None:
    """With the keyboard alone, and a reload during the build."""
    assert await violations(page) == []
    await page.keyboard.type(company.url)
    await page.keyboard.press("Enter")
    phases = page.locator(".phases li")
    await phases.first.wait_for()
    assert await phases.count() == 4
    await page.wait_for_url("**/?build=*")
    await page.reload()
    await page.locator("#question:enabled").wait_for()
    widget = page.frame_locator("iframe")
    await widget.get_by_role("dialog", name=facts.NAME).wait_for()
    assert await page.locator(".site img").get_attribute("src") == company.url + "/favicon.svg"
    primary = "rgb({}, {}, {})".format(*bytes.fromhex(facts.PRIMARY[1:]))
    await page.wait_for_function(IN_COLOUR, arg=primary)
    await page.get_by_role("heading", name="Put it on your site").wait_for()
    await widget.get_by_role("img", name=f"The start page of {facts.NAME}").wait_for()
    await page.locator("#question").fill("What are your opening hours?")
    await page.keyboard.press("Enter")
    await widget.locator(".turn[data-status=answered] a.mark").first.wait_for()
    snippet = await page.get_by_label("Before </body> of every page").inner_text()
    assert snippet.startswith(f'<script src="{product.info.api_url}/widget.js" data-widget="')
    assert await page.locator(".phases [data-state=done]").count() == 4
    assert "Skipped:" in await page.locator(".failures").inner_text()
    assert await page.get_by_label("Is it installed?").input_value() == f"{company.url}/"
    await page.get_by_role("button", name="Check").click()
    await page.locator("#verdict[data-state=failed]").filter(has_text="HTML does not contain the snippet").wait_for()
    await page.get_by_label("Greeting").fill("Ask the gardener!")
    await page.get_by_label("Colour", exact=True).fill("#7c3aed")
    await page.wait_for_function(IN_COLOUR, arg=PURPLE)
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Saved.").wait_for()
    await widget.get_by_text("Ask the gardener!").wait_for()
    await page.wait_for_function(IN_COLOUR, arg=PURPLE)
    assert await widget.locator(".turn[data-status=answered] a.mark").count() > 0
    found = await page.locator(".tokens").inner_text()
    assert facts.PRIMARY in found
    assert "found in" in found
    assert await violations(page) == []


async def test_an_owner_rebuilds_and_deletes_the_widget(page: Page, product: Product) -> None:
    """In the same page: the widget answers during the rebuild; deleting asks for confirmation."""
    async with serve_site() as site:
        await page.keyboard.type(site.url)
        await page.get_by_text("How much to read").click()
        await page.get_by_label("Links to follow").fill("0")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Put it on your site").wait_for()
        first = page.url
        await page.get_by_role("button", name="Read the site again").click()
        await page.wait_for_url(lambda url: url != first)
        await page.locator("#question:enabled").wait_for()
        await page.get_by_role("heading", name="Put it on your site").wait_for()
        assert await page.locator(".phases [data-state=done]").count() == 4
    widget_id = str(await page.locator("iframe").get_attribute("src")).removeprefix("/preview/")
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    delete = page.get_by_role("button", name="Delete this widget")
    await delete.focus()
    await page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name=f"Delete the widget of {facts.NAME}?")
    await asked.wait_for()
    assert await violations(page) == []
    assert await page.get_by_role("button", name="Keep it").evaluate("it => it === document.activeElement")
    await page.keyboard.press("Escape")
    await asked.wait_for(state="hidden")
    assert await delete.evaluate("it => it === document.activeElement")
    await page.keyboard.press("Enter")
    await asked.get_by_role("button", name="Delete it").click()
    gone = page.get_by_role("heading", name="The widget is deleted")
    await gone.wait_for()
    assert await gone.evaluate("it => it === document.activeElement")
    assert await violations(page) == []
    assert (await product.http.get(f"/api/public/widgets/{widget_id}")).status_code == 404
    assert await page.evaluate("localStorage.length") == 0


async def test_an_invalid_address_is_refused_beside_its_field(page: Page) -> None:
    """With a message, and the field in focus again."""
    await page.keyboard.type("ftp://example.com/")
    await page.keyboard.press("Enter")
    problem = page.get_by_role("alert").filter(has_text="http")
    await problem.wait_for()
    assert await page.locator("#url").evaluate("it => it === document.activeElement")


async def test_a_build_can_be_cancelled(page: Page) -> None:
    """And is still cancelled when its URL is opened later."""
    async with serve_site(slow={"/": 3.0}) as site:
        await page.keyboard.type(site.url)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/?build=*")
        # On a small phone its word is not broken by a long name.
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.locator("h1:visible").evaluate(
            "it => (it.textContent = 'Gartenbaubetriebsgesellschaft' + 'ab'.repeat(40))"
        )
        box = await page.get_by_role("button", name="Cancel").bounding_box()
        assert box is not None
        assert box["height"] <= 40
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.get_by_role("button", name="Cancel").click()
        cancelled = page.get_by_role("status").filter(has_text="The build was cancelled")
        await cancelled.wait_for()
        await page.reload()
        await cancelled.wait_for()
        await page.get_by_role("link", name="Build another widget").click()
        await page.locator("#url").wait_for()


async def test_a_start_page_that_fails_leaves_a_way_on(page: Page, tmp_path: Path) -> None:
    """The remedy first, and a button that tries again: by then the page is there. The preview says the same."""
    async with serve_site(tmp_path) as site:
        await page.keyboard.type(site.url)
        await page.keyboard.press("Enter")
        result = page.get_by_role("region", name="Result")
        await result.filter(has_text="Check the address").wait_for()
        assert await page.get_by_placeholder("There is no widget to ask").is_disabled()
        assert await page.locator(".left > :first-child").get_attribute("aria-label") == "Result"
        assert await page.get_by_role("heading", level=1).count() == 1
        preview = page.frame_locator("iframe")
        await preview.get_by_role("status").filter(has_text="could not be read").wait_for()
        await preview.get_by_role("dialog").wait_for(state="hidden")
        assert await violations(page) == []
        (tmp_path / "index.html").write_text("<title>Shop</title><h1>Tea shop</h1><p>We sell tea on Mondays.")
        await result.get_by_role("button", name="Try again").click()
        await page.locator("#question:enabled").wait_for()


async def test_who_joins_a_build_sees_no_way_to_cancel_it(page: Page, chromium: Browser, product: Product) -> None:
    """The same address from another browser shows the same build; only the first has the button."""
    async with serve_site(slow={"/": 3.0}) as site, await chromium.new_context(base_url=product.info.api_url) as other:
        joined = await other.new_page()
        await joined.goto("/")
        for visitor in (page, joined):
            await visitor.get_by_label("Address of the website").fill(site.url)
            await visitor.keyboard.press("Enter")
            await visitor.wait_for_url("**/?build=*")
        assert joined.url == page.url
        await joined.locator("iframe").wait_for()
        assert await joined.get_by_role("button", name="Cancel").count() == 0
        await page.get_by_role("button", name="Cancel").click()
        for visitor in (page, joined):
            await visitor.get_by_role("status").filter(has_text="The build was cancelled").wait_for()


async def test_on_a_phone_nothing_is_cut_off(page: Page) -> None:
    """No horizontal scrolling."""
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_preview_of_an_unknown_widget_is_a_page_for_people(page: Page) -> None:
    """With status 404 and a link to build one; also for a malformed id."""
    for path in (f"/preview/{uuid4()}", "/preview/x"):
        # Chromium itself logs the 404 in the console.
        async with page.expect_event("console", lambda message: "404" in message.text):
            answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 404
        assert await violations(page) == []
    await page.get_by_role("link", name="Build a widget").click()
    await page.locator("#url").wait_for()


async def test_the_preview_of_an_unknown_widget_is_json_for_programs(product: Product) -> None:
    """Also for a malformed id, and for files the pages do not name."""
    for path in (f"/preview/{uuid4()}", "/preview/x", "/pages/index.html", "/pages/..%2f..%2fapp.py"):
        answer = await product.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
