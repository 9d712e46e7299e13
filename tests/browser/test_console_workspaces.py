"""Workspaces in the console: members with roles, claims; and the administrator, who sees everything."""

import asyncio
from uuid import uuid4

from playwright.async_api import Route, expect

from tasks.core.database import Pool
from tests.api.chatting import ADMIN, Chat
from tests.browser.consoles import DESKTOP, PHONE, TOKEN, Console, MakeConsole, tab_to

NEW_TOKEN = "document.querySelector('pre')?.textContent"


async def create_workspace(opened: Console) -> str:
    """Create a workspace by keyboard, from the page for signing in; return its owner's token."""
    page = opened.page
    await opened.open()
    await tab_to(page, "Create a workspace")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="New workspace").wait_for()
    await tab_to(page, "Name")
    await page.keyboard.type("Leith Agency")
    await page.keyboard.press("Enter")
    await page.get_by_label("Token", exact=True).filter(has_text="awb_").wait_for()
    token: str = await page.evaluate(NEW_TOKEN)
    await tab_to(page, "Open Leith Agency")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Leith Agency", exact=True).wait_for()
    return token


async def add_member(opened: Console, name: str, role: str) -> str:
    """Add a member by keyboard on the workspace's page; return the token."""
    page = opened.page
    await page.get_by_role("heading", name="Add a member").wait_for()
    await tab_to(page, "Name of the member")
    await page.keyboard.type(name)
    await tab_to(page, "Role")
    await page.keyboard.type(role)
    await tab_to(page, "Add")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name=f"The token of {name}").wait_for()
    await page.get_by_role("button", name=f"Revoke: {name}").wait_for()
    token: str = await page.evaluate(NEW_TOKEN)
    return token


async def test_the_keyboard_is_enough_for_a_workspace_with_members(console: MakeConsole, shop: Chat) -> None:
    """Created, a widget claimed, a viewer added who sees no button without a right to it, and revoked; axe agrees."""
    opened = await console(**DESKTOP)
    page = opened.page
    await create_workspace(opened)
    viewer = await add_member(opened, "Vera", "Viewer")
    assert await opened.violations() == []
    await tab_to(page, "The widget's owner token")
    await page.keyboard.type(TOKEN)
    await page.keyboard.press("Enter")
    await page.get_by_text("1 widget claimed.").wait_for()
    assert viewer not in await page.content()
    assert (await shop.owner("GET", "insights", token=TOKEN)).status_code == 403
    await opened.open()
    await page.get_by_role("link", name="Leith Roasters").wait_for()

    second = await console(color_scheme="dark", **PHONE)
    await second.sign_in(viewer)
    await second.page.get_by_role("link", name="Leith Roasters").wait_for()
    await expect(second.page.get_by_role("link", name="Add", exact=True)).to_be_hidden()
    await expect(second.page.get_by_role("checkbox")).to_have_count(0)
    for tab in ("conversations", "answers", "facts", "webhooks", "settings"):
        await second.tab(tab)
        buttons = await second.page.get_by_role("main").get_by_role("button").all_text_contents()
        assert set(buttons) <= {"Export CSV", "Export JSON"}, tab
    for path in ("#/workspaces", "#/"):
        await second.open(path)
        assert await second.violations() == [], path
        assert await second.page.evaluate("document.documentElement.scrollWidth <= screen.width"), path

    await opened.open("#/workspaces")
    await page.get_by_role("link", name="Leith Agency").click()
    await page.get_by_role("button", name="Revoke: Vera").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await page.get_by_text("The token is revoked.").wait_for()
    await second.page.reload()
    await second.page.get_by_text("No widgets yet").or_(second.page.get_by_role("heading", name="Sign in")).wait_for()


async def test_the_administrator_sees_and_changes_all(console: MakeConsole, shop: Chat, pool: Pool) -> None:
    """Also while the list is slow to come, and with widgets in it that have neither name nor build."""
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO widgets (id, site_url) VALUES (%s, 'no address')", (uuid4(),))
    opened = await console(**DESKTOP)
    page, asked, goes_on = opened.page, asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await goes_on.wait()
        await route.continue_()

    await page.route("**/api/widgets?limit=1", hold)
    await opened.sign_in(ADMIN)
    await asked.wait()
    await expect(page.get_by_role("heading", name="Your widgets")).to_have_count(0)
    goes_on.set()
    await page.get_by_role("heading", name="Your widgets").wait_for()
    await page.get_by_role("link", name="no address").first.wait_for()
    await opened.tab("settings")
    await page.get_by_role("button", name="Delete this widget").wait_for()
    assert ADMIN not in await page.content()
    made = await shop.http.post("/api/workspaces", json={"name": "Limited"})
    await opened.open(f"#/workspaces/{made.json()['id']}")
    await page.get_by_label("Answers a month").fill("500")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Saved.").wait_for()
    answer = await shop.http.get(made.headers["location"], headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert answer.json()["limits"] == {"widgets": None, "pages": None, "answers_a_month": 500}
    await page.get_by_role("link", name="Its 0 widgets").click()
    await page.get_by_role("heading", name="Widgets of Limited").wait_for()
    await page.get_by_text("No widgets yet").wait_for()
    await page.go_back()
    delete = page.get_by_role("button", name="Delete for good")
    await expect(delete).to_be_disabled()
    await page.get_by_label("Type Limited to confirm").fill("Limited")
    await delete.press("Enter")
    await page.get_by_text("Limited is deleted.").wait_for()
    assert (
        await shop.http.get(made.headers["location"], headers={"Authorization": f"Bearer {ADMIN}"})
    ).status_code == 404
