"""Every page of the console as axe sees it: on a desktop and a phone, light and dark, with content and without."""

from typing import Any

import pytest

from tests.api.chatting import Chat
from tests.browser.consoles import DESKTOP, PHONE, TOKEN, MakeConsole, ask_some, violations_in_both_schemes

LONG_NAME = "مخبز النور للحلويات والمعجنات الشرقية والغربية في القاهرة"
TABS = (
    "overview",
    "conversations",
    "answers",
    "leads",
    "knowledge",
    "facts",
    "look",
    "behaviour",
    "install",
    "webhooks",
    "settings",
)


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(console: MakeConsole, shop: Chat, device: dict[str, Any]) -> None:
    """On any page, light and dark, with content and without; and no page scrolls sideways."""
    opened = await console(**device)
    await opened.open()
    assert await violations_in_both_schemes(opened) == []
    await opened.sign_in()
    await opened.page.get_by_role("link", name="Leith Roasters").wait_for()
    await opened.tab("overview")
    assert await violations_in_both_schemes(opened) == []
    await ask_some(shop)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    await shop.http.patch(f"/api/widgets/{shop.site.widget_id}", json={"name": LONG_NAME}, headers=headers)
    for path in ("#/", "#/add", "#/sign-in", "#/workspaces", *(f"#/w/{shop.site.widget_id}/{tab}" for tab in TABS)):
        await opened.open(path)
        assert await violations_in_both_schemes(opened) == [], path
        # Not `innerWidth`: a phone zooms out until all of a page that is too wide is seen.
        assert await opened.page.evaluate("document.documentElement.scrollWidth <= screen.width"), path
