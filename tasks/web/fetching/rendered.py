"""Fetching with the browser: few tabs, every wait bounded, the answer judged as over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tasks.core.errors import FetchFailed, FetchTimeout, PageError, PageSkipped
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.web.fetching.chromium import Chromium, open_chromium
from tasks.web.fetching.cookies import Cookies
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.first_screen import KeptTab
from tasks.web.fetching.rendered_page import RenderedPage, Sent
from tasks.web.fetching.responses import check_scheme, gate_refusal
from tasks.web.fetching.tab import Tab, TabGone
from tasks.web.fetching.throttle import Throttle, make_throttle
from tasks.web.fetching.visit import Visit

TRIES = 2
"""A page that crashes its tab, or whose browser was killed by a neighbour, gets another one once."""

_GONE = ("crashed", "has been closed", "Target closed", "Connection closed")
_RETRIABLE = ("ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_TIMED_OUT", "ERR_NETWORK_", "ERR_HTTP2_", "ERR_PROXY_")


class RenderedFetcher:
    """Fetches pages with the browser, as many at once as there are tabs."""

    def __init__(
        self, settings: Settings, gate: Gate, chromium: Chromium, throttle: Throttle, cookies: Cookies | None
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._chromium = chromium
        self._throttle = throttle
        self._cookies = cookies
        self._tabs = asyncio.Semaphore(settings.max_lanes["extract-browser"])
        self._endless: set[str] = set()
        self._kept: KeptTab | None = None

    async def fetch(
        self,
        target: Target,
        *,
        probe: str | None = None,
        compare: bool = False,
        on_sent: Sent | None = None,
        site_may_move: bool = False,
        keep: bool = False,
    ) -> RenderedPage:
        """The page once it has settled; `probe` is a JavaScript function evaluated then, twice:
        with `"light"`, and in the dark scheme with `"dark"`.

        With `compare` the body as sent comes along; `on_sent` gets it before the page settles. With `site_may_move` a
        redirect to another site is followed and accepted: that is the site then. With `keep` the tab stays as it is,
        for `take_picture`.

        Raises:
            PageError: it failed, or is none of the site's HTML pages.
            DependencyUnavailable: there is no browser.
        """
        check_scheme(target.url)
        timeout_s = self._settings.page_timeout_s
        async with self._tabs, self._throttle.turn(target.url):
            await self._chromium.open()
            try:
                async with asyncio.timeout(timeout_s):
                    for _ in range(TRIES):
                        try:
                            return await self._visit(target, probe, compare, on_sent, site_may_move, keep)
                        except TabGone:
                            await self._chromium.mend()
            except (TimeoutError, PlaywrightTimeout) as error:
                raise FetchTimeout(timeout_s) from error
        raise FetchFailed("the page crashed the browser")

    async def take_picture(self) -> bytes | None:
        """The first screen of the page whose tab was kept, a JPEG of at most 200 KB; None if there is none. Once."""
        kept, self._kept = self._kept, None
        return await kept.take_picture() if kept else None

    async def release(self) -> None:
        """Give back the tab that was kept."""
        kept, self._kept = self._kept, None
        if kept:
            await kept.release()

    async def _visit(
        self,
        target: Target,
        probe: str | None,
        compare: bool,
        on_sent: Sent | None,
        site_may_move: bool,
        keep: bool,
    ) -> RenderedPage:
        try:
            async with AsyncExitStack() as resources:
                tab = await resources.enter_async_context(self._chromium.tab())
                visit = Visit(
                    tab,
                    target,
                    page_timeout_s=self._settings.page_timeout_s,
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
            raise _explain(error.message, target.url, self._gate) from error

    @asynccontextmanager
    async def _sharing_cookies(self, tab: Tab, url: str) -> AsyncIterator[None]:
        """While the browser is on a page of a site: it has what came over HTTP, which then gets what it was given."""
        if self._cookies is None:
            yield
            return
        await self._cookies.give(tab.page.context, url)
        try:
            yield
        except PageError:
            # A page that lets nobody in without a cookie answers with an error, and the cookie.
            await self._cookies.take(tab.page.context, url)
            raise
        await self._cookies.take(tab.page.context, tab.page.url)


def _explain(text: str, url: str, gate: Gate) -> PageError | TabGone:
    """The cause, from Chromium's words (`net::ERR_…`)."""
    if any(words in text for words in _GONE):
        return TabGone(text)
    if "ERR_TUNNEL_CONNECTION_FAILED" in text:
        parts = urlsplit(url)
        return gate_refusal(gate.why_refused(parts.hostname or "", parts.port or 443) or "blocked")
    if "ERR_CERT" in text or "ERR_SSL" in text:
        return FetchFailed(f"the certificate is not valid: {_code(text)}")
    if "ERR_TOO_MANY_REDIRECTS" in text:
        return FetchFailed("too many redirects")
    if "Download is starting" in text:
        return PageSkipped("not_html", "it is a download")
    code = _code(text)
    return FetchFailed(f"the browser could not load it: {code}", retriable=code.startswith(_RETRIABLE))


def _code(text: str) -> str:
    _, found, rest = text.partition("net::")
    return rest.split()[0] if found else text.strip().splitlines()[0]


@asynccontextmanager
async def open_rendered_fetcher(
    settings: Settings, gate: Gate, throttle: Throttle | None = None, cookies: Cookies | None = None
) -> AsyncIterator[RenderedFetcher]:
    """A fetcher whose browser starts in the background, and ends on leaving; `cookies`: which it shares with others."""
    async with open_chromium(settings, gate) as chromium:
        fetcher = RenderedFetcher(settings, gate, chromium, throttle or make_throttle(settings), cookies)
        try:
            yield fetcher
        finally:
            await fetcher.release()
