"""The Chromium of visitors and operators: one a process of tests, without the product's gate to the web."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tasks.core.settings import load_settings
from tasks.web.fetching.browsers import find_browser
from tasks.web.fetching.chromium_switches import DISABLED_FEATURES

FLAGS = ["--no-sandbox", "--disable-gpu", DISABLED_FEATURES]


def browser_path() -> str:
    """Return the path of the browser that the product would use."""
    path = find_browser(load_settings(_env_file=None))
    assert path is not None
    return path


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A running browser; each test has a context of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        await browser.close()
