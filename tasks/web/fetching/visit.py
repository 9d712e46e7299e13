"""A visit of one page in one tab: load it, wait until it settles, unfold it, and return its HTML."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Response

from tasks.core.errors import FetchFailed, PageSkipped, TooManyRedirects
from tasks.core.models import Target
from tasks.web.fetching.browser_errors import has_navigated, is_aborted, is_superseded
from tasks.web.fetching.isolation import ScriptFailed, World, create_world
from tasks.web.fetching.rendered_page import OnSent, RenderedPage, decode_body, make_fetched_page
from tasks.web.fetching.responses import TOO_LARGE, check_response, gate_refusal, is_html
from tasks.web.fetching.settling import LOAD_S, settle
from tasks.web.fetching.shells import shell_sign
from tasks.web.fetching.tab import Tab, TabGone
from tasks.web.fetching.traffic import Traffic
from tasks.web.fetching.unfolding import unfold

logger = logging.getLogger("widget_builder.web")

MANY_TAGS = 20_000
"""Tags from which a document that has not loaded is not checked here, on the event loop."""
LOAD_POLL_S = 2.0
"""Interval for polling the state of a document that is slow to load."""
MAX_REQUESTS = 300
"""A page that has not settled in time after more requests than this is frozen."""
MAX_NAVIGATIONS = 5
"""Navigations allowed by script or meta refresh."""


class Visit:
    """Loads one page; call `stop` afterwards in any case."""

    def __init__(
        self, tab: Tab, target: Target, *, page_timeout_s: float, max_bytes: int, endless: set[str], site_may_move: bool
    ) -> None:
        self._tab = tab
        self._page = tab.page
        self._target = target
        self._page_timeout_s = page_timeout_s
        self._max_bytes = max_bytes
        self._site_may_move = site_may_move
        self._response: Response | None = None
        self._navigations = 0
        self._is_frozen = False
        self._side_tasks: set[asyncio.Task[None]] = set()
        self._traffic = Traffic(tab.page, endless)
        self._listeners = (
            ("response", self._record_response),
            ("dialog", lambda dialog: self._run_aside(dialog.dismiss())),
            ("popup", lambda popup: self._run_aside(popup.close())),
        )
        for name, listener in self._listeners:
            self._page.on(name, listener)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Remove the event listeners and cancel side tasks."""
        self._traffic.stop()
        for name, listener in self._listeners:
            self._page.remove_listener(name, listener)
        for task in self._side_tasks:
            task.cancel()

    # Navigation

    def _record_response(self, response: Response) -> None:
        """Keep the response to the tab's own navigation; a redirect is followed by another response."""
        request = response.request
        if not request.is_navigation_request() or request.frame.parent_frame is not None:
            return
        if 300 <= response.status < 400 and "location" in response.headers:
            return
        if self._response is not None and not _becomes_document(response):
            # A download started by the page: the tab keeps showing the page.
            return
        self._response = response
        self._navigations += 1
        if self._navigations == MAX_NAVIGATIONS + 1:
            # A page that keeps navigating would use up its whole timeout.
            self._run_aside(self._give_up())

    async def _give_up(self) -> None:
        await self._freeze()
        self._tab.gone.set()

    def _run_aside(self, action: Awaitable[None]) -> None:
        """Run the action in the background of the visit."""
        task = asyncio.ensure_future(_ignore_closed(action))
        self._side_tasks.add(task)
        task.add_done_callback(self._side_tasks.discard)

    # The page

    async def load(self, probe: str | None, *, compare: bool, on_sent: OnSent | None = None) -> RenderedPage:
        """Return the page, following scripts and meta refreshes; with `compare`, `on_sent` gets the HTML as sent."""
        try:
            return await self._tab.run_unless_gone(self._load(probe, compare, on_sent))
        except TabGone as error:
            if self._navigations > MAX_NAVIGATIONS:
                raise TooManyRedirects("too many redirects") from error
            raise

    async def _load(self, probe: str | None, compare: bool, on_sent: OnSent | None) -> RenderedPage:
        response = await self._navigate()
        for _ in range(MAX_NAVIGATIONS):
            response = self._response or response
            await self._check(response)
            if not await self._is_loaded():
                if whole := await self._read_as_sent(response):
                    return whole
                await self._page.wait_for_load_state("domcontentloaded", timeout=0)
            if found := await self._read(response, probe, compare, on_sent):
                return found
            await self._page.wait_for_timeout(50)
            await self._page.wait_for_load_state("domcontentloaded", timeout=0)
            if self._page.url.startswith("chrome-error:"):
                raise FetchFailed("the page redirects to a page that cannot be loaded")
        raise TooManyRedirects("too many redirects")

    async def _navigate(self) -> Response:
        try:
            response = await self._page.goto(self._target.url, wait_until="commit", timeout=0)
        except PlaywrightError as error:
            # Chromium fails on an error status without a body, and on a navigation that another one replaces.
            if self._response is None:
                if is_aborted(error) and self._tab.visits > 1:
                    # Aborted by something that the previous page had started.
                    raise TabGone from error
                raise
            await self._check(self._response)
            if not is_superseded(error):
                raise
            response = self._response
        if response is None:
            raise FetchFailed("the browser received no response")
        return response

    async def _check(self, response: Response) -> None:
        headers = await response.all_headers()
        if reason := headers.get("x-egress"):
            raise gate_refusal(reason)
        check_response(
            status=response.status,
            content_type=headers.get("content-type", ""),
            start_url=response.url if self._site_may_move else self._target.url,
            final_url=response.url,
            retry_after=headers.get("retry-after"),
        )

    async def _is_loaded(self) -> bool:
        """Whether the document is parsed within half of the page's timeout: a blocking script may never arrive."""
        clock = asyncio.get_running_loop().time
        until = clock() + self._page_timeout_s / 2
        while clock() < until:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOAD_POLL_S, self._page_timeout_s / 4)):
                    await self._page.wait_for_load_state("domcontentloaded", timeout=0)
                    return True
            if await self._is_parsed():
                return True
        return False

    async def _is_parsed(self) -> bool:
        """Whether the document is parsed: no event fires if a page stops loading or starts a download."""
        try:
            async with asyncio.timeout(1):
                response = await self._tab.cdp.send("Runtime.evaluate", {"expression": "document.readyState"})
        except (TimeoutError, PlaywrightError):
            return False
        return response["result"].get("value") in ("interactive", "complete")

    async def _read_as_sent(self, response: Response) -> RenderedPage | None:
        """Return the page as sent, without scripts' additions, if it arrived whole and is not an app shell."""
        try:
            async with asyncio.timeout(self._page_timeout_s / 4):
                sent = await response.body()
        except (TimeoutError, PlaywrightError):
            return None
        html = decode_body(sent, response)
        if len(sent) > self._max_bytes or html.count("<") > MANY_TAGS or shell_sign(html):
            return None
        logger.info("%s waits for a script that does not arrive: using the HTML as sent", self._target.url)
        return RenderedPage(
            page=await make_fetched_page(self._target, response, response.url, html, len(sent)), sent_html=html
        )

    async def _read(
        self, response: Response, probe: str | None, compare: bool, on_sent: OnSent | None
    ) -> RenderedPage | None:
        """Return the settled page, or `None` if the tab has navigated to another one meanwhile."""
        try:
            sent = await response.body() if compare else b""
            if sent and on_sent:
                await on_sent(response.url, decode_body(sent, response))
            world = await create_world(self._tab.cdp)
            await self._settle(world)
            seen = await self._evaluate(probe, "light") if probe else None
            shown = await self._snapshot(world)
            dark = await self._probe_dark_scheme(probe) if probe else None
        except PlaywrightError as error:
            if has_navigated(error):
                return None
            raise
        if self._response is not None and self._response is not response:
            return None
        byte_count = max(len(sent), shown["bytes"])
        page = await make_fetched_page(
            self._target, response, shown["url"], self._checked_html(shown, byte_count), byte_count
        )
        return RenderedPage(page=page, sent_html=decode_body(sent, response), probe=seen, dark_probe=dark)

    def _checked_html(self, shown: dict[str, Any], byte_count: int) -> str:
        """Return the HTML if the document is HTML and not too large."""
        if not is_html(shown["type"]):
            raise PageSkipped("not_html", f"not an HTML page: the content type is {shown['type']}")
        if byte_count > self._max_bytes or shown["html"] is None:
            raise PageSkipped("too_large", f"{TOO_LARGE} with {max(byte_count, shown['size'])} bytes")
        html: str = shown["html"]
        return html

    # Settling

    async def _settle(self, world: World) -> None:
        has_settled = await settle(world, self._traffic, min(LOAD_S, self._page_timeout_s / 2))
        if not has_settled and self._traffic.started > MAX_REQUESTS:
            await self._freeze()

    async def _freeze(self) -> None:
        """Stop the page's scripts and requests, which might never end."""
        self._is_frozen = True
        await self._tab.silence()

    async def _snapshot(self, world: World) -> dict[str, Any]:
        """Return the page's HTML after scrolling and unfolding."""
        try:
            if self._is_frozen:
                return await world.call("snapshot", self._max_bytes)
            here = self._response
            snapshot, has_left = await unfold(
                world, self._max_bytes, lambda: self._settle(world), lambda: self._response is here
            )
            if has_left:
                self._response = here
            return snapshot
        except ScriptFailed as error:
            logger.info("%s could not be unfolded, using the HTML as loaded: %s", self._target.url, error)
            html = await self._page.content()
            return {"url": self._page.url, "type": "text/html", "bytes": 0, "size": len(html), "html": html}

    # Probes

    async def _probe_dark_scheme(self, probe: str) -> Any:
        # Last: the page may react to the scheme with changes of its own.
        self._tab.is_tainted = True
        await self._page.emulate_media(color_scheme="dark")
        return await self._evaluate(probe, "dark")

    async def _evaluate(self, probe: str, scheme: str) -> Any:
        try:
            return await self._page.evaluate(probe, scheme)
        except PlaywrightError as error:
            if has_navigated(error):
                raise
            # The probe runs among the page's scripts: replaced built-ins can make it fail.
            logger.info("the probe failed on %s: %s", self._page.url, error.message)
            return None


def _becomes_document(response: Response) -> bool:
    """Whether the response becomes the tab's document."""
    headers = response.headers
    is_download = headers.get("content-disposition", "").strip().lower().startswith("attachment")
    return response.status not in (204, 205) and not is_download and is_html(headers.get("content-type", ""))


async def _ignore_closed(action: Awaitable[None]) -> None:
    try:
        await action
    except PlaywrightError:
        return
