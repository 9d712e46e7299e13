"""One fresh page for each test of the room."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """An empty page of the size themes are read at; it can reach nothing."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    yield await context.new_page()
    await context.close()
