"""Fetching with the browser: few tabs, every wait bounded, the answer judged as over HTTP."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urldefrag, urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Response as PlaywrightResponse
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tasks.core.errors import FetchFailed, FetchTimeout, PageError, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.core.settings import Settings
from tasks.web.answers import check_answer, check_scheme, gate_refusal
from tasks.web.chromium import Chromium, open_chromium
from tasks.web.egress import Gate
from tasks.web.throttle import Throttle, make_throttle

logger = logging.getLogger("widget_builder.web")

QUIET_MS = 150
"""A page that has not changed for so long has settled."""
SETTLE_MS = 3_000
"""The longest we wait for that."""
MAX_MOVES = 5
"""Times a page may send the browser on by script or meta refresh."""
_SETTLE = """([quiet, most]) => new Promise(resolve => {
  const done = () => { observer.disconnect(); clearTimeout(limit); clearTimeout(timer); resolve(); };
  let timer = setTimeout(done, quiet);
  const limit = setTimeout(done, most);
  const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, quiet); });
  observer.observe(document, {childList: true, subtree: true, characterData: true});
})"""
# Playwright says it in words only.
_MOVED = ("context was destroyed", "is navigating", "No resource with given identifier", "No data found for resource")
_GONE = ("crashed", "has been closed", "Target closed", "Connection closed")
_RETRIABLE = ("ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_TIMED_OUT", "ERR_NETWORK_", "ERR_HTTP2_", "ERR_PROXY_")


class RenderedPage(Frozen):
    """A page as the browser shows it, and as it was sent."""

    page: FetchedPage
    sent_html: str
    """The body of the answer, before any script ran."""
    probe: Any = None
    """What the probe returned: JSON."""


class _BrowserGone(Exception):
    """The browser or the tab crashed."""


class RenderedFetcher:
    """Fetches pages with the browser, as many at once as there are tabs."""

    def __init__(self, settings: Settings, gate: Gate, chromium: Chromium, throttle: Throttle) -> None:
        self._settings = settings
        self._gate = gate
        self._chromium = chromium
        self._throttle = throttle
        self._tabs = asyncio.Semaphore(settings.browser_extract_workers)

    async def fetch(self, target: Target, *, probe: str | None = None, site_may_move: bool = False) -> RenderedPage:
        """The page once it has settled; `probe` is a JavaScript function evaluated then.

        With `site_may_move` a redirect to another site is followed and accepted: that is the site then.

        Raises:
            PageError: it failed, or is none of the site's HTML pages.
            DependencyUnavailable: there is no browser.
        """
        check_scheme(target.url)
        async with self._tabs, self._throttle.turn(target.url):
            with contextlib.suppress(_BrowserGone):
                return await self._fetch(target, probe, site_may_move)
            try:
                # The browser or the tab crashed: once more with a new one.
                return await self._fetch(target, probe, site_may_move)
            except _BrowserGone as error:
                raise FetchFailed("the page crashed the browser") from error

    async def _fetch(self, target: Target, probe: str | None, site_may_move: bool) -> RenderedPage:
        timeout_s = self._settings.page_timeout_s
        tab: Page | None = None
        try:
            context = await self._chromium.open()
            async with asyncio.timeout(timeout_s):
                tab = await context.new_page()
                return await _Visit(tab, target, self._settings.max_page_bytes, site_may_move).load(probe)
        except (TimeoutError, PlaywrightTimeout) as error:
            raise FetchTimeout(timeout_s) from error
        except PlaywrightError as error:
            raise _explain(error.message, target.url, self._gate) from error
        finally:
            if tab is not None:
                await self._chromium.close_tab(tab)


class _Visit:
    """One page in one tab."""

    def __init__(self, tab: Page, target: Target, max_bytes: int, site_may_move: bool) -> None:
        self._tab = tab
        self._target = target
        self._max_bytes = max_bytes
        self._site_may_move = site_may_move
        self._answer: PlaywrightResponse | None = None
        self._moves = 0
        self._passing: set[asyncio.Task[None]] = set()
        tab.on("response", self._note)
        tab.on("dialog", lambda dialog: self._in_passing(dialog.dismiss()))
        tab.on("popup", lambda popup: self._in_passing(popup.close()))

    def _note(self, response: PlaywrightResponse) -> None:
        """Keep the answer to the tab's own navigation; redirects are followed by another."""
        request = response.request
        if not request.is_navigation_request() or request.frame.parent_frame is not None:
            return
        if not (300 <= response.status < 400 and "location" in response.headers):
            self._answer = response
            self._moves += 1
            if self._moves > MAX_MOVES:
                # Waiting for a page that never stays would take its whole time.
                self._in_passing(self._tab.close())

    def _in_passing(self, action: Awaitable[None]) -> None:
        """Do it beside the visit."""
        task = asyncio.ensure_future(_unless_closed(action))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def load(self, probe: str | None) -> RenderedPage:
        """The page, wherever its scripts and meta refreshes lead."""
        try:
            return await self._load(probe)
        except PlaywrightError as error:
            if self._moves > MAX_MOVES:
                raise FetchFailed("too many redirects") from error
            raise

    async def _load(self, probe: str | None) -> RenderedPage:
        try:
            first = await self._tab.goto(self._target.url, wait_until="domcontentloaded", timeout=0)
        except PlaywrightError as error:
            # Chromium fails on an error status without a body, and on a navigation that another one replaces.
            if self._answer is None:
                raise
            await self._check(self._answer)
            if "interrupted by another navigation" not in error.message:
                raise
            first = self._answer
        for _ in range(MAX_MOVES):
            answer = self._answer or first
            if answer is None:
                raise FetchFailed("the browser got no answer")
            await self._check(answer)
            if page := await self._read(answer, probe):
                return page
            await self._tab.wait_for_timeout(50)
            await self._tab.wait_for_load_state("domcontentloaded", timeout=0)
            if self._tab.url.startswith("chrome-error:"):
                raise FetchFailed("it leads on to a page that cannot be loaded")
        raise FetchFailed("too many redirects")

    async def _check(self, answer: PlaywrightResponse) -> None:
        headers = await answer.all_headers()
        if reason := headers.get("x-egress"):
            raise gate_refusal(reason)
        check_answer(
            status=answer.status,
            content_type=headers.get("content-type", ""),
            start_url=answer.url if self._site_may_move else self._target.url,
            final_url=answer.url,
            retry_after=headers.get("retry-after"),
        )

    async def _read(self, answer: PlaywrightResponse, probe: str | None) -> RenderedPage | None:
        """What the tab shows once settled, or `None` if it has moved on to another page meanwhile."""
        try:
            sent = await answer.body()
            if len(sent) > self._max_bytes:
                raise PageSkipped("too_large", f"it has {len(sent)} bytes")
            await self._tab.evaluate(_SETTLE, [QUIET_MS, SETTLE_MS])
            found = await _evaluate(self._tab, probe) if probe else None
            html = await self._tab.content()
        except PlaywrightError as error:
            if any(words in error.message for words in _MOVED):
                return None
            raise
        if self._answer is not None and self._answer is not answer:
            return None
        page = FetchedPage(
            target=self._target,
            final_url=urldefrag(self._tab.url).url,
            method=FetchMethod.browser,
            html=html,
            byte_count=len(sent),
            metadata=await _metadata(answer),
        )
        return RenderedPage(page=page, sent_html=sent.decode("utf-8", errors="replace"), probe=found)


async def _unless_closed(action: Awaitable[None]) -> None:
    with contextlib.suppress(PlaywrightError):
        await action


def _explain(text: str, url: str, gate: Gate) -> PageError | _BrowserGone:
    """The cause, from Chromium's words (`net::ERR_…`)."""
    if any(words in text for words in _GONE):
        return _BrowserGone(text)
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


async def _evaluate(tab: Page, probe: str) -> Any:
    try:
        return await tab.evaluate(probe)
    except PlaywrightError as error:
        if any(words in error.message for words in (*_MOVED, *_GONE)):
            raise
        # A page that replaced built-ins can make it raise: then it shows nothing.
        logger.info("the probe failed on %s: %s", tab.url, error.message)
        return None


async def _metadata(response: PlaywrightResponse) -> dict[str, Any]:
    headers = await response.all_headers()
    names = {"content_type": "content-type", "etag": "etag", "last_modified": "last-modified"}
    found = {name: headers[header] for name, header in names.items() if header in headers}
    return {"status": response.status, **found}


@asynccontextmanager
async def open_rendered_fetcher(
    settings: Settings, gate: Gate, throttle: Throttle | None = None
) -> AsyncIterator[RenderedFetcher]:
    """A fetcher whose browser starts in the background, and ends on leaving."""
    async with open_chromium(settings, gate) as chromium:
        yield RenderedFetcher(settings, gate, chromium, throttle or make_throttle(settings))
