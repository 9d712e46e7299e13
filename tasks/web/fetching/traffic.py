"""What a page is still fetching, as far as a visitor would wait for it."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Page, Request

MAX_ENDLESS = 1_000
"""Addresses that are remembered for not being worth waiting for."""
_AWAITED = frozenset(("fetch", "xhr", "script"))
"""Kinds of requests after which text appears; not pictures, fonts, media, sockets, beacons."""


class Traffic:
    """The requests under way in one tab, during one visit.

    `endless` holds addresses that earlier visits waited for in vain (long polling, streams): they are not
    waited for again, and `give_up` adds to them.
    """

    def __init__(self, page: Page, endless: set[str]) -> None:
        self.begun = 0
        """Requests that matter, so far."""
        self.asks_for_data = False
        """Whether there was a fetch among them."""
        self._endless = endless
        self._open: set[Request] = set()
        self._changed = asyncio.Event()
        self._page = page
        self._listeners = (("request", self._begin), ("requestfinished", self._end), ("requestfailed", self._end))
        for name, listener in self._listeners:
            page.on(name, listener)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Listen no longer."""
        for name, listener in self._listeners:
            self._page.remove_listener(name, listener)

    def _begin(self, request: Request) -> None:
        # What a page made itself (`blob:`) is there.
        is_awaited = request.resource_type in _AWAITED and request.url.startswith("http")
        if is_awaited and _address(request) not in self._endless:
            self.begun += 1
            self.asks_for_data = self.asks_for_data or request.resource_type != "script"
            self._open.add(request)

    def _end(self, request: Request) -> None:
        if request in self._open:
            self._open.discard(request)
            self._changed.set()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self._open

    async def next_change(self, most_s: float) -> None:
        """Return when a request ends, or after so long."""
        self._changed.clear()
        try:
            async with asyncio.timeout(most_s):
                await self._changed.wait()
        except TimeoutError:
            return

    def give_up(self) -> None:
        """Wait for those under way no more, now and in later visits."""
        if len(self._endless) < MAX_ENDLESS:
            self._endless.update(_address(request) for request in self._open)
        self._open.clear()


def _address(request: Request) -> str:
    """The URL without what differs from page to page."""
    parts = urlsplit(request.url)
    return f"{parts.netloc}{parts.path}"
