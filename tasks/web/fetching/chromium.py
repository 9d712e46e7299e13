"""Chromium behind the gate: started when first needed, replaced when it crashed, ended with its owner.

A tab reads many pages, one after the other: opening one costs as much as loading a page. It is thrown away with
whatever runs in it when a page did not end well, and with its context after some hundred pages.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Playwright, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from tasks.core.errors import DependencyUnavailable, PageError
from tasks.core.settings import Settings
from tasks.web.fetching.browsers import REMEDY, find_browser
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.tab import Tab, TabGone, clear, stop
from tasks.web.fetching.tab_guard import guard

logger = logging.getLogger("widget_builder.web")

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
CLOSE_TIMEOUT_S = 10.0
"""A browser that takes longer to answer, or to close, is stuck."""
TAB_CLOSE_S = 10.0
"""A tab that takes longer to close, and shows a page still, is stuck: then the whole browser goes …"""
CLOSE_PERIODS = 6
"""… and one that shows none is waited for so many times as long."""
PAGES_A_TAB = 25
"""Then a new one takes over: what a site's pages leave behind in it is bounded."""
PAGES_A_CONTEXT = 300
"""The same for cookies, caches and storage; fewer would fetch the site's scripts again and again."""
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
# Playwright lets pages open windows; Chromium by itself does so only for a visitor's click.
_NOT_PLAYWRIGHTS = ("--disable-popup-blocking",)


@dataclass(eq=False)
class _Profile:
    """A context of the browser with its tabs."""

    context: BrowserContext
    idle: list[Tab] = field(default_factory=list)
    tabs: int = 0
    """Idle ones among them."""
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
        self._guarding: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def open(self) -> BrowserContext:
        """The context with its browser running; a crashed one is replaced.

        Raises:
            DependencyUnavailable: there is no browser, or it does not start.
        """
        return (await self._open()).context

    async def _open(self) -> _Profile:
        async with self._launching:
            if self._browser is None or not self._browser.is_connected():
                self._browser, self._profile = await self._launch(), None
                await self._watch_over(self._browser)
            if self._profile is None or self._profile.pages >= PAGES_A_CONTEXT:
                self._retire(self._profile)
                context = await self._browser.new_context(
                    viewport=VIEWPORT, service_workers="block", accept_downloads=False, locale="en-US"
                )
                self._profile = _Profile(context)
                with contextlib.suppress(TabGone):
                    # The first tab of a new process takes longest, and is needed at once.
                    self._profile.idle.append(await self._new_tab(self._profile))
            return self._profile

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """A tab that shows nothing yet.

        Whoever raises anything but a page's error, or spoils it, leaves it to be thrown away with all that runs in it.
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
            can_go_on = ended_well and not tab.is_spoilt and tab.visits < PAGES_A_TAB and await clear(tab)
            if can_go_on and profile is self._profile:
                profile.idle.append(tab)
            else:
                # Not waited for: the lane is free at once.
                self._end(self._throw_away(profile, tab))

    def _idle_tab(self, profile: _Profile) -> Tab | None:
        while profile.idle:
            tab = profile.idle.pop()
            if not tab.gone.is_set():
                return tab
            self._end(self._throw_away(profile, tab))
        return None

    async def _new_tab(self, profile: _Profile) -> Tab:
        profile.tabs += 1
        try:
            page = await profile.context.new_page()
            tab = Tab(page, await profile.context.new_cdp_session(page))
        except PlaywrightError as error:
            # The browser went meanwhile.
            profile.tabs -= 1
            raise TabGone from error
        except asyncio.CancelledError:
            profile.tabs -= 1
            raise
        return tab

    async def mend(self) -> None:
        """After a tab went: replace the browser if it went with it."""
        browser = self._browser
        if browser is not None and not await self._answers(browser) and browser is self._browser:
            await self._close_browser()

    async def _answers(self, browser: Browser | None) -> bool:
        """Whether the browser itself is there, whatever its tabs do."""
        if browser is None:
            return False
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await (await browser.new_browser_cdp_session()).detach()
        except (PlaywrightError, TimeoutError):
            return False
        return True

    # Ending

    def _end(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _throw_away(self, profile: _Profile, tab: Tab) -> None:
        """Close a tab; if its page runs on, close the browser under it, which the next `open` replaces.

        A tab that shows nothing any more may take its time: a busy machine needs many seconds to close one.
        """
        closing = asyncio.create_task(_close_tab(tab))
        for _ in range(CLOSE_PERIODS):
            await asyncio.wait([closing], timeout=TAB_CLOSE_S)
            if closing.done():
                break
            if not tab.is_silent or not await self._answers(self._browser):
                logger.warning("the browser is replaced: a tab could not be closed")
                await self._close_browser()
                break
        closing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await closing
        profile.tabs -= 1
        if not profile.tabs and profile is not self._profile:
            await self._close_context(profile)

    def _retire(self, profile: _Profile | None) -> None:
        """Close a context, with its tabs in use once these are done."""
        if profile is None:
            return
        idle, profile.idle = profile.idle, []
        for tab in idle:
            self._end(self._throw_away(profile, tab))
        if not profile.tabs:
            self._end(self._close_context(profile))

    async def _close_context(self, profile: _Profile) -> None:
        with contextlib.suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await profile.context.close()

    async def _close_browser(self) -> None:
        browser, self._browser, self._profile = self._browser, None, None
        if self._guarding is not None:
            self._guarding.cancel()
        if browser is not None:
            with contextlib.suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await browser.close()

    async def close(self) -> None:
        """End the browser."""
        await self._close_browser()
        await asyncio.gather(*self._ending)

    # Beginning

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
            ignore_default_args=list(_NOT_PLAYWRIGHTS),
        )

    async def _watch_over(self, browser: Browser) -> None:
        if self._guarding is not None:
            self._guarding.cancel()
        self._guarding = asyncio.create_task(guard(await browser.new_browser_cdp_session()))


async def _close_tab(tab: Tab) -> None:
    with contextlib.suppress(PlaywrightError):
        if tab.visits and not tab.page.is_closed():
            await stop(tab)
        await tab.page.close()


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
