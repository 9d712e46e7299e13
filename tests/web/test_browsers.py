"""The browser from the settings has priority; it is restarted only when a tab in it cannot be closed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tasks.web.fetching import chromium as module
from tasks.web.fetching.browsers import find_browser
from tasks.web.fetching.chromium import open_chromium
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.tab import Tab
from tests.web.conftest import HOME, html, make_settings, serve


def test_the_setting_decides(tmp_path: Path) -> None:
    """A wrong path does not fall back to another browser: the setting would be ignored silently."""
    mine = tmp_path / "chromium"
    assert find_browser(make_settings(browser_path=mine)) is None
    mine.touch()
    assert find_browser(make_settings(browser_path=mine)) == mine


def test_without_a_setting_the_machines_browser_is_found() -> None:
    """Tests need one anyway."""
    found = find_browser(make_settings())
    assert found is not None
    assert found.is_file()


@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_tab_that_takes_long_to_close_costs_the_browser_only_if_its_page_runs_on(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    """On a busy machine closing takes many seconds; a blank tab does no harm meanwhile."""
    may_close, asked, close = asyncio.Event(), asyncio.Event(), Page.close

    async def close_late(page: Page, **options: Any) -> None:
        asked.set()
        await may_close.wait()
        await close(page, **options)

    async def leave(_: Tab) -> None:
        """Leave the tab on its page."""

    monkeypatch.setattr(Page, "close", close_late)
    monkeypatch.setattr(module, "TAB_CLOSE_S", 0.1)
    monkeypatch.setattr(module, "stop", leave)
    async with serve({"/": html(HOME)}) as site, open_chromium(make_settings(), gate) as chromium:
        browser = (await chromium.open()).browser
        async with chromium.tab() as tab:
            await tab.page.goto("about:blank" if is_silent else site.url)
            tab.is_tainted = True
        await asked.wait()
        while not is_silent and browser is not None and browser.is_connected():
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.25)
        assert ((await chromium.open()).browser is browser) is is_silent
        may_close.set()
