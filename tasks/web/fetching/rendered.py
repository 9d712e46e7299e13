"""Fetches pages with the browser: a few tabs, a limit on every wait, responses checked as over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tasks.core.errors import FetchFailed, FetchTimeout, PageError
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.web.fetching.browser_errors import explain_browser_error
from tasks.web.fetching.chromium import Chromium, open_chromium
from tasks.web.fetching.cookies import SharedCookies
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.first_screen import KeptTab
from tasks.web.fetching.page_time import PageTime
from tasks.web.fetching.rendered_page import OnSent, RenderedPage
from tasks.web.fetching.responses import check_scheme
from tasks.web.fetching.tab import Tab, TabGone
from tasks.web.fetching.throttle import Throttle, make_throttle
from tasks.web.fetching.visit import Visit

TRIES = 2
"""Attempts for a page whose tab crashed; another page may have killed the browser."""


class RenderedFetcher:
    """Fetches pages with the browser; concurrency is limited to the number of tabs."""

    def __init__(
        self, settings: Settings, gate: Gate, chromium: Chromium, throttle: Throttle, cookies: SharedCookies | None
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._chromium = chromium
        self._throttle = throttle
        self._cookies = cookies
        self._tabs = asyncio.Semaphore(settings.max_lanes["extract-browser"])
        self.loads = 0
        """Pages loaded, attempts included."""
        self._endless: set[str] = set()
        self._kept: KeptTab | None = None

    async def fetch(
        self,
        target: Target,
        *,
        probe: str | None = None,
        compare: bool = False,
        on_sent: OnSent | None = None,
        site_may_move: bool = False,
        keep: bool = False,
        time: PageTime | None = None,
    ) -> RenderedPage:
        """Return the page once it has settled.

        `probe` is a JavaScript function that is then evaluated twice: with `"light"`, and with `"dark"` in the dark
        colour scheme. With `compare` the result includes the body as sent; `on_sent` gets it before the page settles.
        With `site_may_move` a redirect to another site is accepted, as the new address of the site. With `keep` the
        tab keeps the page, for `take_picture`. `time`: what earlier attempts have left of the page's timeout.

        Raises:
            PageError: the fetch failed, or the result is not an HTML page of the site.
            DependencyUnavailable: no browser was found, or it does not start.
        """
        check_scheme(target.url)
        time = time or PageTime(self._settings.page_timeout_s)
        async with self._tabs, self._throttle.turn(target.url):
            await self._chromium.open()
            self.loads += 1
            # The clock begins when the browser and a tab are there, however long they took.
            left_s = time.left_s
            try:
                async with time.limited():
                    for _ in range(TRIES):
                        try:
                            return await self._visit(target, left_s, probe, compare, on_sent, site_may_move, keep)
                        except TabGone:
                            await self._chromium.replace_if_dead()
            except (TimeoutError, PlaywrightTimeout) as error:
                raise FetchTimeout(time.limit_s) from error
        raise FetchFailed("the page crashed the browser")

    async def take_picture(self) -> bytes | None:
        """Return the first screen of the kept tab's page as a JPEG of at most 200 KB, or None. Works once per page."""
        kept, self._kept = self._kept, None
        return await kept.take_picture() if kept else None

    async def release(self) -> None:
        """Return the kept tab to the pool."""
        kept, self._kept = self._kept, None
        if kept:
            await kept.release()

    async def _visit(
        self,
        target: Target,
        timeout_s: float,
        probe: str | None,
        compare: bool,
        on_sent: OnSent | None,
        site_may_move: bool,
        keep: bool,
    ) -> RenderedPage:
        try:
            async with AsyncExitStack() as resources:
                tab = await resources.enter_async_context(self._chromium.tab())
                visit = Visit(
                    tab,
                    target,
                    page_timeout_s=timeout_s,
                    max_bytes=self._settings.max_page_bytes,
                    endless=self._endless,
                    site_may_move=site_may_move,
                )
                resources.callback(visit.stop)
                async with self._sharing_cookies(tab, target.url):
                    page = await visit.load(probe, compare=compare, on_sent=on_sent)
                if keep:
                    await self.release()
                    self._kept = KeptTab(tab, resources.pop_all())
                return page
        except PlaywrightTimeout:
            raise
        except PlaywrightError as error:
            raise explain_browser_error(error, target.url, self._gate) from error

    @asynccontextmanager
    async def _sharing_cookies(self, tab: Tab, url: str) -> AsyncIterator[None]:
        """Copy the site's cookies from HTTP to the browser before the visit, and new ones back after it."""
        if self._cookies is None:
            yield
            return
        await self._cookies.send_to_browser(tab.page.context, url)
        try:
            yield
        except PageError:
            # A page that requires a cookie may set it together with an error status.
            await self._cookies.copy_from_browser(tab.page.context, url)
            raise
        await self._cookies.copy_from_browser(tab.page.context, tab.page.url)


@asynccontextmanager
async def open_rendered_fetcher(
    settings: Settings, gate: Gate, throttle: Throttle | None = None, cookies: SharedCookies | None = None
) -> AsyncIterator[RenderedFetcher]:
    """Open a fetcher; its browser starts in the background and is closed on exit. `cookies`: shared with HTTP."""
    async with open_chromium(settings, gate) as chromium:
        fetcher = RenderedFetcher(settings, gate, chromium, throttle or make_throttle(settings), cookies)
        try:
            yield fetcher
        finally:
            await fetcher.release()
