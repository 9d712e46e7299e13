"""What a page's first screen looks like: a picture of the tab that it was read in, taken when nobody waits for it."""

import asyncio
import io
import logging
from contextlib import AsyncExitStack

from PIL import Image
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from tasks.web.fetching.tab import Tab, TabGone

logger = logging.getLogger("widget_builder.web")

MAX_BYTES = 200_000
QUALITIES = (80, 60, 40, 20)
"""The first with which the picture is small enough."""
PICTURE_S = 5.0
"""The longest that a page may keep us waiting for its picture."""
# What lies over the page was marked hidden when it was read; style sheets may say otherwise.
_STYLE = "[hidden] { display: none !important }"


class KeptTab:
    """A tab that still shows the page it was opened for; `tab` is in use until `release`."""

    def __init__(self, tab: Tab, resources: AsyncExitStack) -> None:
        self._tab = tab
        self._resources = resources

    async def take_picture(self) -> bytes | None:
        """The page's first screen as a JPEG of at most 200 KB; None if it cannot be had. Gives the tab back."""
        try:
            async with asyncio.timeout(PICTURE_S):
                taken = await self._tab.unless_gone(_take(self._tab.page))
        except (PlaywrightError, TimeoutError, TabGone) as error:
            logger.info("there is no picture of %s: %s", self._tab.page.url, error)
            return None
        finally:
            await self.release()
        return await asyncio.to_thread(_small_enough, taken)

    async def release(self) -> None:
        """Give the tab back."""
        await self._resources.aclose()


async def _take(page: Page) -> bytes:
    await page.emulate_media(color_scheme="light")
    await page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    return await page.screenshot(type="jpeg", quality=QUALITIES[0], animations="disabled", style=_STYLE, timeout=0)


def _small_enough(taken: bytes) -> bytes | None:
    if len(taken) <= MAX_BYTES:
        return taken
    image = Image.open(io.BytesIO(taken), formats=("JPEG",))
    for quality in QUALITIES[1:]:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= MAX_BYTES:
            return file.getvalue()
    return None
