"""Chromium behind the egress gate: started when first needed, restarted after a crash, closed with its owner.

Tabs are reused, as opening one costs as much as loading a page. A tab is discarded when a page ended badly,
and together with its browser context after some hundred pages.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Playwright, ViewportSize
from playwright.async_api import Error as PlaywrightError

from tasks.core.errors import DependencyUnavailable, PageError
from tasks.core.settings import Settings
from tasks.web.fetching.browser_driver import start_driver
from tasks.web.fetching.browsers import REMEDY, find_browser
from tasks.web.fetching.chromium_switches import launch_options
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.tab import Tab, TabGone, clear, stop
from tasks.web.fetching.tab_guard import limit_tab_memory

logger = logging.getLogger("widget_builder.web")

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
CLOSE_TIMEOUT_S = 10.0
"""A browser that takes longer to respond or to close counts as stuck."""
TAB_CLOSE_S = 10.0
"""A tab that still shows a page after this is stuck: the whole browser is restarted …"""
CLOSE_PERIODS = 6
"""… and a blank one gets this many periods of the same length."""
PAGES_PER_TAB = 25
"""Then the tab is replaced: this bounds the state that pages leave behind in it."""
PAGES_PER_CONTEXT = 300
"""The same for cookies, caches and storage; a lower value would download the site's scripts again and again."""


@dataclass(eq=False)
class _Profile:
    """A context of the browser with its tabs."""

    context: BrowserContext
    idle: list[Tab] = field(default_factory=list)
    tabs: int = 0
    """Open tabs, idle ones included."""
    pages: int = 0


class Chromium:
    """One browser with one context at a time."""

    def __init__(self, settings: Settings, gate: Gate, driver: "asyncio.Task[Playwright]") -> None:
        self._settings = settings
        self._gate = gate
        self._driver = driver
        self._launching = asyncio.Lock()
        self._browser: Browser | None = None
        self._profile: _Profile | None = None
        self._guard: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> BrowserContext:
        """Return the context of a running browser; start the browser first if it is not running.

        Raises:
            DependencyUnavailable: no browser was found, or it does not start.
        """
        return (await self._open()).context

    async def _open(self) -> _Profile:
        async with self._launching:
            if self._browser is None or not self._browser.is_connected():
                self._browser, self._profile = await self._launch(), None
                await self._start_guard(self._browser)
            if self._profile is None or self._profile.pages >= PAGES_PER_CONTEXT:
                self._retire(self._profile)
                self._profile = _Profile(await new_context(self._browser))
                with contextlib.suppress(TabGone):
                    # The first tab of a new process takes longest to open, and one is needed at once.
                    self._profile.idle.append(await self._new_tab(self._profile))
            return self._profile

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """Provide a blank tab.

        It is reused afterwards, unless the block raised something other than a `PageError` or tainted the tab.
        """
        profile = await self._open()
        profile.pages += 1
        tab = self._idle_tab(profile) or await self._new_tab(profile)
        tab.visits += 1
        ended_well = False
        try:
            yield tab
            ended_well = True
        except PageError:
            ended_well = True
            raise
        finally:
            can_go_on = ended_well and not tab.is_tainted and tab.visits < PAGES_PER_TAB and await clear(tab)
            if can_go_on and profile is self._profile:
                profile.idle.append(tab)
            else:
                # In the background, so that the lane is free at once.
                self._close_in_background(self._discard(profile, tab))

    def _idle_tab(self, profile: _Profile) -> Tab | None:
        while profile.idle:
            tab = profile.idle.pop()
            if not tab.gone.is_set():
                return tab
            self._close_in_background(self._discard(profile, tab))
        return None

    async def _new_tab(self, profile: _Profile) -> Tab:
        profile.tabs += 1
        try:
            page = await profile.context.new_page()
            tab = Tab(page, await profile.context.new_cdp_session(page))
        except PlaywrightError as error:
            # The browser closed or crashed meanwhile.
            profile.tabs -= 1
            raise TabGone from error
        except asyncio.CancelledError:
            profile.tabs -= 1
            raise
        return tab

    async def replace_if_dead(self) -> None:
        """After a tab was lost: close the browser if it does not respond; the next `open` starts another."""
        browser = self._browser
        if browser is not None and not await self._responds(browser) and browser is self._browser:
            await self._close_browser()

    async def _responds(self, browser: Browser | None) -> bool:
        """Whether the browser process responds, regardless of its tabs."""
        if browser is None:
            return False
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await (await browser.new_browser_cdp_session()).detach()
        except (PlaywrightError, TimeoutError):
            return False
        return True

    # Closing

    def _close_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _discard(self, profile: _Profile, tab: Tab) -> None:
        """Close a tab; if its page keeps running, close the whole browser, which the next `open` restarts.

        A blank tab gets more time: a busy machine can need many seconds to close one.
        """
        closing = asyncio.create_task(_close_tab(tab))
        for _ in range(CLOSE_PERIODS):
            await asyncio.wait([closing], timeout=TAB_CLOSE_S)
            if closing.done():
                break
            if not tab.is_silent or not await self._responds(self._browser):
                logger.warning("restarting the browser: a tab could not be closed")
                await self._close_browser()
                break
        closing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await closing
        profile.tabs -= 1
        if not profile.tabs and profile is not self._profile:
            await self._close_context(profile)

    def _retire(self, profile: _Profile | None) -> None:
        """Close a context; with tabs in use, once the last of them is done."""
        if profile is None:
            return
        idle, profile.idle = profile.idle, []
        for tab in idle:
            self._close_in_background(self._discard(profile, tab))
        if not profile.tabs:
            self._close_in_background(self._close_context(profile))

    async def _close_context(self, profile: _Profile) -> None:
        with contextlib.suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await profile.context.close()

    async def _close_browser(self) -> None:
        browser, self._browser, self._profile = self._browser, None, None
        if self._guard is not None:
            self._guard.cancel()
        if browser is not None:
            with contextlib.suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await browser.close()

    async def close(self) -> None:
        """Close the browser."""
        await self._close_browser()
        await asyncio.gather(*self._closing)

    # Starting

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
        playwright = await asyncio.shield(self._driver)
        return await playwright.chromium.launch(executable_path=path, **launch_options(self._gate))

    async def _start_guard(self, browser: Browser) -> None:
        if self._guard is not None:
            self._guard.cancel()
        self._guard = asyncio.create_task(limit_tab_memory(await browser.new_browser_cdp_session()))


async def new_context(browser: Browser) -> BrowserContext:
    """Open a context for pages: without service workers, whose requests belong to no page, and without downloads."""
    return await browser.new_context(viewport=VIEWPORT, service_workers="block", accept_downloads=False, locale="en-US")


async def _close_tab(tab: Tab) -> None:
    with contextlib.suppress(PlaywrightError):
        if tab.visits and not tab.page.is_closed():
            await stop(tab)
        await tab.page.close()


@asynccontextmanager
async def open_chromium(settings: Settings, gate: Gate) -> AsyncIterator[Chromium]:
    """Start Chromium and Playwright's driver in the background; close both on exit."""
    driver = asyncio.create_task(start_driver())
    chromium = Chromium(settings, gate, driver)
    launching = asyncio.create_task(chromium.open())
    for task in (driver, launching):
        # Marks an error as retrieved; the first `tab` raises it again.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        yield chromium
    finally:
        launching.cancel()
        await chromium.close()
        await asyncio.wait([driver])
        if not driver.cancelled() and driver.exception() is None:
            await driver.result().stop()
