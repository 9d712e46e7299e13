"""One Chromium for all tests of the room, one fresh page for each."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tasks.core.settings import Settings
from tasks.web.fetching.browsers import find_browser
from tasks.web.fetching.chromium_switches import DISABLED_FEATURES

FLAGS = [
    DISABLED_FEATURES,
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
async def brand_browser() -> AsyncIterator[Browser]:
    """A running Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(Settings(_env_file=None)), args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(brand_browser: Browser) -> AsyncIterator[Page]:
    """An empty page of the size themes are read at; it can reach nothing."""
    context = await brand_browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    yield await context.new_page()
    await context.close()
