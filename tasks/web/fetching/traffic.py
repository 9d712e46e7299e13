"""Tracks a page's open requests, as far as a visitor would wait for them."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Page, Request

MAX_ENDLESS = 1_000
"""Limit of the remembered addresses of endless requests."""
_AWAITED = frozenset(("fetch", "xhr", "script"))
"""Kinds of requests that can add text; not pictures, fonts, media, sockets, beacons."""


class Traffic:
    """The requests in flight in one tab during one visit.

    `endless` holds addresses of requests that never ended in earlier visits (long polling, streams): they are
    ignored, and `give_up` adds to them.
    """

    def __init__(self, page: Page, endless: set[str]) -> None:
        self.started = 0
        """Awaited requests so far."""
        self.asks_for_data = False
        """Whether one of them was a fetch or XHR."""
        self._endless = endless
        self._in_flight: set[Request] = set()
        self._changed = asyncio.Event()
        self._page = page
        self._listeners = (
            ("request", self._record_start),
            ("requestfinished", self._record_end),
            ("requestfailed", self._record_end),
        )
        for name, listener in self._listeners:
            page.on(name, listener)  # type: ignore[call-overload]

    def stop(self) -> None:
        """Remove the event listeners."""
        for name, listener in self._listeners:
            self._page.remove_listener(name, listener)

    def _record_start(self, request: Request) -> None:
        # `blob:` and `data:` URLs need no network.
        is_awaited = request.resource_type in _AWAITED and request.url.startswith("http")
        if is_awaited and _address(request) not in self._endless:
            self.started += 1
            self.asks_for_data = self.asks_for_data or request.resource_type != "script"
            self._in_flight.add(request)

    def _record_end(self, request: Request) -> None:
        if request in self._in_flight:
            self._in_flight.discard(request)
            self._changed.set()

    @property
    def is_quiet(self) -> bool:
        """Whether no request is in flight."""
        return not self._in_flight

    async def next_change(self, most_s: float) -> None:
        """Return when a request ends, or after `most_s` seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(most_s):
                await self._changed.wait()
        except TimeoutError:
            return

    def give_up(self) -> None:
        """Ignore the requests in flight, now and in later visits."""
        if len(self._endless) < MAX_ENDLESS:
            self._endless.update(_address(request) for request in self._in_flight)
        self._in_flight.clear()


def _address(request: Request) -> str:
    """The URL without scheme, query and fragment, which differ from page to page."""
    parts = urlsplit(request.url)
    return f"{parts.netloc}{parts.path}"
