"""Fetching with the browser: one Chromium a build, few tabs, every wait bounded."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Playwright, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Response as PlaywrightResponse
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tasks.core.errors import DependencyUnavailable, FetchFailed, FetchTimeout, PageError, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.core.settings import Settings
from tasks.web.answers import check_answer, gate_refusal, gate_refusal_by_status
from tasks.web.browsers import REMEDY, find_browser
from tasks.web.egress import Gate

logger = logging.getLogger("widget_builder.web")

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
QUIET_MS = 150
"""A page that has not changed for so long has settled."""
SETTLE_MS = 3_000
"""The longest we wait for that."""
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
_SETTLE = """([quiet, most]) => new Promise(resolve => {
  const done = () => { observer.disconnect(); clearTimeout(limit); clearTimeout(timer); resolve(); };
  let timer = setTimeout(done, quiet);
  const limit = setTimeout(done, most);
  const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, quiet); });
  observer.observe(document, {childList: true, subtree: true, characterData: true});
})"""


class RenderedPage(Frozen):
    """A page as the browser shows it, and as it was sent."""

    page: FetchedPage
    sent_html: str
    """The body of the answer, before any script ran."""
    probe: Any = None
    """What the probe returned: JSON."""


class RenderedFetcher:
    """Fetches pages with the browser, as many at once as there are tabs."""

    def __init__(self, settings: Settings, gate: Gate, playwright: Playwright) -> None:
        self._settings = settings
        self._gate = gate
        self._playwright = playwright
        self._tabs = asyncio.Semaphore(settings.browser_extract_workers)
        self._launching = asyncio.Lock()
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None

    async def fetch(self, target: Target, *, probe: str | None = None, site_may_move: bool = False) -> RenderedPage:
        """The page once it has settled; `probe` is a JavaScript function evaluated then.

        Raises:
            PageError: it failed, or is none of the site's HTML pages.
            DependencyUnavailable: there is no browser.
        """
        async with self._tabs:
            try:
                return await self._fetch(target, probe, site_may_move)
            except _BrowserGone:
                # The browser or the tab crashed: once more with a new one.
                with _as_page_failure():
                    return await self._fetch(target, probe, site_may_move)

    async def _fetch(self, target: Target, probe: str | None, site_may_move: bool) -> RenderedPage:
        context = await self.open()
        timeout_s = self._settings.page_timeout_s
        page: Page | None = None
        try:
            async with asyncio.timeout(timeout_s):
                page = await context.new_page()
                return await self._load(page, target, probe, site_may_move)
        except (TimeoutError, PlaywrightTimeout) as error:
            raise FetchTimeout(timeout_s) from error
        except PlaywrightError as error:
            raise _explain(error) from error
        finally:
            if page is not None:
                await _close(page)

    async def _load(self, page: Page, target: Target, probe: str | None, site_may_move: bool) -> RenderedPage:
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
        page.on("popup", lambda popup: asyncio.ensure_future(_close(popup)))
        response = await page.goto(target.url, wait_until="domcontentloaded", timeout=0)
        if response is None:
            raise FetchFailed("the browser got no answer")
        await self._check(response, target, site_may_move)
        sent = await response.body()
        if len(sent) > self._settings.max_page_bytes:
            raise PageSkipped("too_large", f"it has {len(sent)} bytes")
        await page.evaluate(_SETTLE, [QUIET_MS, SETTLE_MS])
        found = await _probe(page, probe) if probe else None
        html = await page.content()
        return RenderedPage(
            page=FetchedPage(
                target=target,
                final_url=page.url,
                method=FetchMethod.browser,
                html=html,
                byte_count=len(sent),
                metadata=await _metadata(response),
            ),
            sent_html=sent.decode("utf-8", errors="replace"),
            probe=found,
        )

    async def _check(self, response: PlaywrightResponse, target: Target, site_may_move: bool) -> None:
        headers = await response.all_headers()
        if reason := headers.get("x-egress"):
            raise gate_refusal(reason)
        check_answer(
            status=response.status,
            content_type=headers.get("content-type", ""),
            start_url=response.url if site_may_move else target.url,
            final_url=response.url,
        )

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

    async def _launch(self) -> Browser:
        path = find_browser(self._settings)
        if path is None:
            raise DependencyUnavailable("Chromium", "no browser was found", REMEDY)
        host = urlsplit(self._gate.proxy_url).hostname
        try:
            return await self._playwright.chromium.launch(
                executable_path=path,
                # Loopback goes through the gate too; Chromium would send it direct.
                proxy={"server": self._gate.proxy_url, "bypass": "<-loopback>"},
                args=[*_FLAGS, f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}"],
            )
        except PlaywrightError as error:
            first_line = error.message.strip().splitlines()[0]
            raise DependencyUnavailable("Chromium", f"{path} does not start: {first_line}", REMEDY) from error

    async def close(self) -> None:
        """End the browser."""
        if self._browser is not None:
            with contextlib.suppress(PlaywrightError):
                await self._browser.close()


class _BrowserGone(Exception):
    """The browser or the tab crashed."""


@contextlib.contextmanager
def _as_page_failure():  # type: ignore[no-untyped-def]
    try:
        yield
    except _BrowserGone as error:
        raise FetchFailed("the page crashed the browser") from error


def _explain(error: PlaywrightError) -> PageError | _BrowserGone:
    """The cause in Chromium's words (`net::ERR_…`)."""
    text = error.message
    if "crashed" in text or "has been closed" in text or "Target closed" in text:
        return _BrowserGone(text)
    if "ERR_TUNNEL_CONNECTION_FAILED" in text:
        # Chromium does not say which status the gate gave: unknown, private and refused look the same.
        return gate_refusal_by_status(403)
    if "ERR_CERT" in text or "ERR_SSL" in text:
        return FetchFailed(f"the certificate is not valid: {_code(text)}")
    if "ERR_TOO_MANY_REDIRECTS" in text:
        return FetchFailed("too many redirects")
    if "Download is starting" in text:
        return PageSkipped("not_html", "it is a download")
    return FetchFailed(f"the browser could not load it: {_code(text)}", retriable="net::" in text)


def _code(text: str) -> str:
    _, found, rest = text.partition("net::")
    return rest.split()[0] if found else text.strip().splitlines()[0]


async def _probe(page: Page, probe: str) -> Any:
    try:
        return await page.evaluate(probe)
    except PlaywrightError as error:
        # A page that replaced built-ins can make it raise: then it shows nothing.
        logger.info("the probe failed on %s: %s", page.url, error.message)
        return None


async def _metadata(response: PlaywrightResponse) -> dict[str, Any]:
    headers = await response.all_headers()
    names = {"content_type": "content-type", "etag": "etag", "last_modified": "last-modified"}
    found = {name: headers[header] for name, header in names.items() if header in headers}
    return {"status": response.status, **found}


async def _close(page: Page) -> None:
    with contextlib.suppress(PlaywrightError):
        await page.close()


@asynccontextmanager
async def open_rendered_fetcher(settings: Settings, gate: Gate) -> AsyncIterator[RenderedFetcher]:
    """A fetcher whose browser starts in the background, and ends on leaving."""
    async with async_playwright() as playwright:
        fetcher = RenderedFetcher(settings, gate, playwright)
        launching = asyncio.create_task(fetcher.open())
        # Whoever fetches first gets the error, if there is one.
        launching.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            yield fetcher
        finally:
            launching.cancel()
            await fetcher.close()
