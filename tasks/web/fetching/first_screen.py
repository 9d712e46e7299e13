"""A screenshot of a page's first screen, taken later in the tab that the page was read in."""

import asyncio
import logging
from contextlib import AsyncExitStack

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from tasks.web.fetching.tab import Tab, TabGone

logger = logging.getLogger("widget_builder.web")

MAX_BYTES = 200_000
QUALITIES = (80, 60, 40, 20)
"""JPEG qualities, tried in order until the picture is small enough."""
PICTURE_S = 5.0
"""Timeout of taking the picture."""
# Overlays were marked hidden when the page was read; style sheets may override the attribute.
_STYLE = "[hidden] { display: none !important }"


class KeptTab:
    """A tab that still shows its page; in use until `release`."""

    def __init__(self, tab: Tab, resources: AsyncExitStack) -> None:
        self._tab = tab
        self._resources = resources

    async def take_picture(self) -> bytes | None:
        """Return the first screen as a JPEG of at most 200 KB, or None on failure. Releases the tab."""
        try:
            async with asyncio.timeout(PICTURE_S):
                return await self._tab.run_unless_gone(_take(self._tab.page))
        except Exception as error:  # a picture is lost, whatever it is
            is_expected = isinstance(error, PlaywrightError | TimeoutError | TabGone)
            logger.info("no picture of %s: %s", self._tab.page.url, error, exc_info=not is_expected)
            return None
        finally:
            await self.release()

    async def release(self) -> None:
        """Return the tab to the pool."""
        await self._resources.aclose()


async def _take(page: Page) -> bytes | None:
    """Return the first picture that is small enough. The browser encodes each: we decode no picture."""
    await page.emulate_media(color_scheme="light")
    await page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    for quality in QUALITIES:
        taken = await page.screenshot(type="jpeg", quality=quality, animations="disabled", style=_STYLE, timeout=0)
        if len(taken) <= MAX_BYTES:
            return taken
    return None
