"""The readings of a widget in the console: held back, failed, and past."""

from playwright.async_api import expect

from tasks.core.database import Pool
from tasks.core.events import EventType
from tasks.records.build_events import append_event
from tasks.records.widgets import read_widget
from tests.api.chatting import Chat
from tests.browser.consoles import DESKTOP, PHONE, MakeConsole
from tests.knowledge.material import draft, fail_build, new_job, set_status


async def test_a_reading_that_is_held_back_is_published_by_hand(console: MakeConsole, shop: Chat, pool: Pool) -> None:
    """The overview says what it lacks; once confirmed, the widget answers from it."""
    widget_id = shop.site.widget_id
    await set_status(pool, widget_id, "completed")
    held = await new_job(pool, widget_id)
    lost = "No longer answered: What does shipping to Norway cost?"
    await append_event(
        pool, held.build_id, draft(EventType.builder_failed, detail=lost, data={"code": "answers_worse"})
    )
    opened = await console(**DESKTOP)
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("overview")
    await expect(opened.page.get_by_text("is held back")).to_be_visible()
    await expect(opened.page.locator(".banner").get_by_text(lost)).to_be_visible()
    assert await opened.violations() == []
    await opened.page.get_by_role("button", name="Answer from it anyway").click()
    await opened.page.get_by_role("button", name="Answer from it", exact=True).click()
    await expect(opened.page.get_by_text("The widget answers from the new reading.")).to_be_visible()
    assert (await read_widget(pool, widget_id)).active_job_id == held.build_id


async def test_a_reading_that_fails_says_what_to_do_beside_the_widget_that_answers(
    console: MakeConsole, shop: Chat, pool: Pool
) -> None:
    """On the build's own page, and on the overview in whole sentences."""
    opened = await console(**DESKTOP)
    page = opened.page
    await opened.sign_in()
    await page.get_by_role("link", name="Leith Roasters").wait_for()
    job = await new_job(pool, shop.site.widget_id)
    await append_event(
        pool,
        job.build_id,
        draft(EventType.builder_started, data={"widget_id": str(shop.site.widget_id), "url": shop.site.url}),
    )
    failed = draft(EventType.builder_failed, detail="connection refused", data={"remedy": "Open it in a browser."})
    await append_event(pool, job.build_id, failed)
    await page.goto(f"/?build={job.build_id}")
    result = page.get_by_role("region", name="Result")
    await result.get_by_role("heading", name="The widget answers from its previous build").wait_for()
    await result.get_by_text("Open it in a browser.").wait_for()
    assert await page.get_by_role("heading", level=1).count() == 1
    await opened.tab("overview")
    await page.get_by_text("connection refused. The widget answers from what it read before.").wait_for()


async def test_past_readings_are_opened_to_their_causes(console: MakeConsole, shop: Chat, pool: Pool) -> None:
    """By keyboard: how each ended, its figures, and the pages that failed or were skipped."""
    await fail_build(pool, shop.site.widget_id)
    for device in (DESKTOP, PHONE):
        opened = await console(**device)
        await opened.sign_in()
        await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
        await opened.tab("overview")
        readings = opened.page.get_by_role("region", name="Readings")
        latest = readings.locator("summary").first
        await latest.focus()
        await opened.page.keyboard.press("Enter")
        await readings.get_by_text("The site shrank").wait_for()
        failed = readings.locator("section", has=opened.page.get_by_role("heading", name="Failed pages"))
        await failed.get_by_text("HTTP 500").wait_for()
        assert await failed.locator(".addresses a").count() == 5
        await failed.get_by_text("and 2 more").wait_for()
        await readings.get_by_text("Disallowed by robots.txt").wait_for()
        assert await opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await opened.violations() == []
