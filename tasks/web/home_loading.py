"""Loads a start page: in the browser, and over HTTP where the browser fails on it, within one page timeout in all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tasks.core.errors import AddressBlocked, FetchFailed, FetchTimeout, HttpStatus, PageError, PageSkipped
from tasks.core.models import FetchedPage, Target
from tasks.web.fetching.page_time import PageTime
from tasks.web.fetching.rendered import RenderedFetcher
from tasks.web.fetching.rendered_page import OnSent, RenderedPage
from tasks.web.fetching.responses import may_read_over_http
from tasks.web.fetching.static import StaticFetcher

DOCUMENT = "a document that the browser does not display"
HTTP_SHARE = 1 / 3
"""Part of the timeout, its last one, in which the page is also requested over HTTP, as the browser may not get it."""


class LoadedHome(NamedTuple):
    """A start page, and why it comes as sent; empty if the browser has rendered it."""

    rendered: RenderedPage
    why_sent: str = ""


class HomeLoader:
    """Loads one start page; all calls share its timeout, waits for its host's robots.txt included."""

    def __init__(self, static: StaticFetcher, rendered: RenderedFetcher | None, timeout_s: float) -> None:
        self._static = static
        self._rendered = rendered
        self._time = PageTime(timeout_s)

    async def load(
        self, target: Target, probe: str, on_sent: OnSent | None, check_robots: Callable[[Target], Awaitable[None]]
    ) -> LoadedHome:
        """Return the start page after redirects; as sent and without a probe if the browser is off or fails on it.

        Raises:
            PageError: the page cannot be read.
        """
        await self._check_in_time(check_robots(target))
        if self._rendered is None:
            page = await self._static.fetch(target, site_may_move=True)
            return await self._as_sent(page, "rendering is off", on_sent)
        is_needed = asyncio.Event()
        sending = asyncio.create_task(self._send(target, is_needed))
        try:
            return LoadedHome(await self._render(self._rendered, target, probe, on_sent))
        except PageSkipped as skipped:
            if not may_read_over_http(skipped):
                raise
            is_needed.set()
            return await self._as_sent(await sending, DOCUMENT)
        except FetchFailed as failed:
            is_browsers_own = isinstance(failed, FetchTimeout) or not failed.retriable
            if isinstance(failed, AddressBlocked | HttpStatus) or not is_browsers_own:
                raise
            is_needed.set()
            return await self._after(failed, sending, on_sent)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _check_in_time(self, check: Awaitable[None]) -> None:
        try:
            async with self._time.limited():
                await check
        except TimeoutError as error:
            raise FetchTimeout(self._time.limit_s).as_final() from error

    async def _render(
        self, fetcher: RenderedFetcher, target: Target, probe: str, on_sent: OnSent | None
    ) -> RenderedPage:
        return await fetcher.fetch(
            target, probe=probe, compare=True, on_sent=on_sent, site_may_move=True, keep=True, time=self._time
        )

    async def _send(self, target: Target, is_needed: asyncio.Event) -> FetchedPage:
        """Fetch the page over HTTP once that is needed, or when the browser has taken so long that it may be."""
        last_s = self._time.limit_s * HTTP_SHARE
        waiting = [asyncio.ensure_future(is_needed.wait()), asyncio.ensure_future(self._time.wait_until_left(last_s))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return await self._static.fetch(target, site_may_move=True, time=PageTime(last_s))

    async def _after(
        self, failed: FetchFailed, sending: asyncio.Task[FetchedPage], on_sent: OnSent | None
    ) -> LoadedHome:
        """Return the page as sent, after the browser has failed; if that fails too, raise the browser's failure."""
        try:
            page = await sending
        except PageError as error:
            raise failed.as_final() from error
        home = await self._as_sent(page, f"the browser failed: {failed.message}", on_sent)
        return home._replace(rendered=home.rendered.model_copy(update={"failure": failed.message}))

    async def _as_sent(self, page: FetchedPage, why: str, on_sent: OnSent | None = None) -> LoadedHome:
        if on_sent:
            await on_sent(page.final_url, page.html)
        return LoadedHome(RenderedPage(page=page, sent_html=page.html), why)
