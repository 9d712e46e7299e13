"""Chromium behind the gate: started when first needed, replaced when it crashed, ended with its owner."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Playwright, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings
from tasks.web.browsers import REMEDY, find_browser
from tasks.web.egress import Gate

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
CLOSE_TIMEOUT_S = 5.0
"""A tab that takes longer to close is stuck: then the whole browser goes."""
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--mute-audio",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)


class Chromium:
    """One browser; its tabs share a context."""

    def __init__(self, settings: Settings, gate: Gate, driver: "asyncio.Task[Playwright]") -> None:
        self._settings = settings
        self._gate = gate
        self._driver = driver
        self._launching = asyncio.Lock()
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None

    async def open(self) -> BrowserContext:
        """The context with its browser running; a crashed one is replaced.

        Raises:
            DependencyUnavailable: there is no browser, or it does not start.
        """
        async with self._launching:
            if self._context is None or self._browser is None or not self._browser.is_connected():
                self._browser = await self._launch()
                self._context = await self._browser.new_context(
                    viewport=VIEWPORT, service_workers="block", accept_downloads=False, locale="en-US"
                )
            return self._context

    async def close_tab(self, tab: Page) -> None:
        """Close a tab; if it is stuck, close the browser under it, which the next `open` replaces."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await tab.close()
        except PlaywrightError:
            return
        except TimeoutError:
            await self.close()

    async def close(self) -> None:
        """End the browser."""
        browser, self._browser, self._context = self._browser, None, None
        if browser is not None:
            with contextlib.suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await browser.close()

    async def _launch(self) -> Browser:
        path = find_browser(self._settings)
        if path is None:
            raise DependencyUnavailable("Chromium", "no browser was found", REMEDY)
        try:
            return await self._start(path)
        except PlaywrightError as error:
            first_line = error.message.strip().splitlines()[0]
            raise DependencyUnavailable("Chromium", f"{path} does not start: {first_line}", REMEDY) from error

    async def _start(self, path: Path) -> Browser:
        host = urlsplit(self._gate.proxy_url).hostname
        playwright = await asyncio.shield(self._driver)
        return await playwright.chromium.launch(
            executable_path=path,
            # Loopback goes through the gate too; Chromium would send it direct.
            proxy={"server": self._gate.proxy_url, "bypass": "<-loopback>"},
            args=[*_FLAGS, f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}"],
        )


@asynccontextmanager
async def open_chromium(settings: Settings, gate: Gate) -> AsyncIterator[Chromium]:
    """Chromium, which starts in the background with its driver; both end on leaving."""
    driver = asyncio.create_task(async_playwright().start())
    chromium = Chromium(settings, gate, driver)
    launching = asyncio.create_task(chromium.open())
    for task in (driver, launching):
        # Whoever opens a tab first gets the error, if there is one.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        yield chromium
    finally:
        launching.cancel()
        await chromium.close()
        await asyncio.wait([driver])
        if not driver.cancelled() and driver.exception() is None:
            await driver.result().stop()
