"""One page in one tab: loaded, come to rest, unfolded, and written down as a visitor sees it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Response

from tasks.core.errors import FetchFailed, PageSkipped
from tasks.core.models import Target
from tasks.web.fetching.isolation import ScriptFailed, World, enter
from tasks.web.fetching.rendered_page import RenderedPage, Sent, decode, describe
from tasks.web.fetching.responses import check_answer, gate_refusal, is_html
from tasks.web.fetching.settling import LOAD_S, settle
from tasks.web.fetching.shells import shell_sign
from tasks.web.fetching.tab import Tab, TabGone
from tasks.web.fetching.traffic import Traffic
from tasks.web.fetching.unfolding import has_moved, unfold

logger = logging.getLogger("widget_builder.web")

ARRIVAL_S = 2.0
"""How often we ask for a document that does not come."""
MAX_REQUESTS = 300
"""A page whose scripts have made so many requests when its time to come to rest is over is stopped."""
MAX_MOVES = 5
"""Times a page may send the browser on by script or meta refresh."""


class Visit:
    """Loads one page; `stop` ends it, whatever happened."""

    def __init__(
        self, tab: Tab, target: Target, *, page_timeout_s: float, max_bytes: int, endless: set[str], site_may_move: bool
    ) -> None:
        self._tab = tab
        self._page = tab.page
        self._target = target
        self._page_timeout_s = page_timeout_s
        self._max_bytes = max_bytes
        self._site_may_move = site_may_move
        self._answer: Response | None = None
        self._moves = 0
        self._is_frozen = False
        self._passing: set[asyncio.Task[None]] = set()
        self._traffic = Traffic(tab.page, endless)
        self._listeners = (
            ("response", self._note),
            ("dialog", lambda dialog: self._in_passing(dialog.dismiss())),
            ("popup", lambda popup: self._in_passing(popup.close())),
        )
        for name, listener in self._listeners:
            self._page.on(name, listener)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Listen no longer."""
        self._traffic.stop()
        for name, listener in self._listeners:
            self._page.remove_listener(name, listener)
        for task in self._passing:
            task.cancel()

    # Where the tab is

    def _note(self, response: Response) -> None:
        """Keep the answer to the tab's own navigation; redirects are followed by another."""
        request = response.request
        if not request.is_navigation_request() or request.frame.parent_frame is not None:
            return
        if 300 <= response.status < 400 and "location" in response.headers:
            return
        if self._answer is not None and not _replaces(response):
            # A download that a page starts: the page stays.
            return
        self._answer = response
        self._moves += 1
        if self._moves == MAX_MOVES + 1:
            # Waiting for a page that never stays would take its whole time.
            self._in_passing(self._give_up())

    async def _give_up(self) -> None:
        await self._freeze()
        self._tab.gone.set()

    def _in_passing(self, action: Awaitable[None]) -> None:
        """Do it beside the visit."""
        task = asyncio.ensure_future(_unless_closed(action))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    # The page

    async def load(self, probe: str | None, *, compare: bool, on_sent: Sent | None = None) -> RenderedPage:
        """The page, wherever its scripts and meta refreshes lead; with `compare`, `on_sent` gets what was sent."""
        try:
            return await self._tab.unless_gone(self._load(probe, compare, on_sent))
        except TabGone as error:
            if self._moves > MAX_MOVES:
                raise FetchFailed("too many redirects") from error
            raise

    async def _load(self, probe: str | None, compare: bool, on_sent: Sent | None) -> RenderedPage:
        answer = await self._go()
        for _ in range(MAX_MOVES):
            answer = self._answer or answer
            await self._check(answer)
            if not await self._has_arrived():
                if whole := await self._as_sent(answer):
                    return whole
                await self._page.wait_for_load_state("domcontentloaded", timeout=0)
            if found := await self._read(answer, probe, compare, on_sent):
                return found
            await self._page.wait_for_timeout(50)
            await self._page.wait_for_load_state("domcontentloaded", timeout=0)
            if self._page.url.startswith("chrome-error:"):
                raise FetchFailed("it leads on to a page that cannot be loaded")
        raise FetchFailed("too many redirects")

    async def _go(self) -> Response:
        try:
            answer = await self._page.goto(self._target.url, wait_until="commit", timeout=0)
        except PlaywrightError as error:
            # Chromium fails on an error status without a body, and on a navigation that another one replaces.
            if self._answer is None:
                if "ERR_ABORTED" in error.message and self._tab.visits > 1:
                    # By something that the page before had begun.
                    raise TabGone from error
                raise
            await self._check(self._answer)
            if "interrupted by another navigation" not in error.message:
                raise
            answer = self._answer
        if answer is None:
            raise FetchFailed("the browser got no answer")
        return answer

    async def _check(self, answer: Response) -> None:
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

    async def _has_arrived(self) -> bool:
        """Whether the document is there within half of the page's time: a script it waits for may never come."""
        clock = asyncio.get_running_loop().time
        until = clock() + self._page_timeout_s / 2
        while clock() < until:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(ARRIVAL_S, self._page_timeout_s / 4)):
                    await self._page.wait_for_load_state("domcontentloaded", timeout=0)
                    return True
            if await self._is_parsed():
                return True
        return False

    async def _is_parsed(self) -> bool:
        """The document's own word for it: where a page stops itself or starts a download, no event tells."""
        try:
            async with asyncio.timeout(1):
                answer = await self._tab.cdp.send("Runtime.evaluate", {"expression": "document.readyState"})
        except (TimeoutError, PlaywrightError):
            return False
        return answer["result"].get("value") in ("interactive", "complete")

    async def _as_sent(self, answer: Response) -> RenderedPage | None:
        """The page without what its scripts would have added, if all of it was sent and is worth reading."""
        try:
            async with asyncio.timeout(self._page_timeout_s / 4):
                sent = await answer.body()
        except (TimeoutError, PlaywrightError):
            return None
        html = decode(sent, answer)
        if len(sent) > self._max_bytes or shell_sign(html):
            return None
        logger.info("%s waits for a script that does not come: read as sent", self._target.url)
        return RenderedPage(page=await describe(self._target, answer, answer.url, html, len(sent)), sent_html=html)

    async def _read(
        self, answer: Response, probe: str | None, compare: bool, on_sent: Sent | None
    ) -> RenderedPage | None:
        """What the tab shows once settled, or `None` if it has moved on to another page meanwhile."""
        try:
            sent = await answer.body() if compare else b""
            if sent and on_sent:
                await on_sent(answer.url, decode(sent, answer))
            world = await enter(self._tab.cdp)
            await self._settle(world)
            seen = await self._evaluate(probe, "light") if probe else None
            shown = await self._write_down(world)
            dark = await self._look_in_the_dark(probe) if probe else None
        except PlaywrightError as error:
            if has_moved(error):
                return None
            raise
        if self._answer is not None and self._answer is not answer:
            return None
        byte_count = max(len(sent), shown["bytes"])
        page = await describe(self._target, answer, shown["url"], self._checked(shown, byte_count), byte_count)
        return RenderedPage(page=page, sent_html=decode(sent, answer), probe=seen, dark_probe=dark)

    def _checked(self, shown: dict[str, Any], byte_count: int) -> str:
        """The document, if it is one and not too large."""
        if not is_html(shown["type"]):
            raise PageSkipped("not_html", f"its type is {shown['type']}")
        if byte_count > self._max_bytes or shown["html"] is None:
            raise PageSkipped("too_large", f"it has {max(byte_count, shown['size'])} bytes")
        html: str = shown["html"]
        return html

    # Coming to rest

    async def _settle(self, world: World) -> None:
        has_settled = await settle(world, self._traffic, min(LOAD_S, self._page_timeout_s / 2))
        if not has_settled and self._traffic.begun > MAX_REQUESTS:
            await self._freeze()

    async def _freeze(self) -> None:
        """Let the page's scripts do no more: it would keep us busy for ever."""
        self._is_frozen = True
        await self._tab.silence()

    async def _write_down(self, world: World) -> dict[str, Any]:
        """The page as HTML, with what scrolling and unfolding shows."""
        try:
            if self._is_frozen:
                return await world.call("snapshot", self._max_bytes)
            here = self._answer
            written, led_away = await unfold(
                world, self._max_bytes, lambda: self._settle(world), lambda: self._answer is here
            )
            if led_away:
                self._answer = here
            return written
        except ScriptFailed as error:
            logger.info("%s is read without unfolding it: %s", self._target.url, error)
            html = await self._page.content()
            return {"url": self._page.url, "type": "text/html", "bytes": 0, "size": len(html), "html": html}

    # What else is asked

    async def _look_in_the_dark(self, probe: str) -> Any:
        # After all else: the page may answer with changes of its own.
        self._tab.is_spoilt = True
        await self._page.emulate_media(color_scheme="dark")
        return await self._evaluate(probe, "dark")

    async def _evaluate(self, probe: str, scheme: str) -> Any:
        try:
            return await self._page.evaluate(probe, scheme)
        except PlaywrightError as error:
            if has_moved(error):
                raise
            # A page that replaced built-ins can make it raise: then it shows nothing.
            logger.info("the probe failed on %s: %s", self._page.url, error.message)
            return None


def _replaces(response: Response) -> bool:
    """Whether the answer becomes the tab's document."""
    headers = response.headers
    is_download = headers.get("content-disposition", "").strip().lower().startswith("attachment")
    return response.status not in (204, 205) and not is_download and is_html(headers.get("content-type", ""))


async def _unless_closed(action: Awaitable[None]) -> None:
    try:
        await action
    except PlaywrightError:
        return
