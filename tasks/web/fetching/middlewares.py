"""What every request of Scrapy's passes on its way out: whether it is to be made at all, and the egress gate."""

import re
from collections.abc import Awaitable, Callable
from itertools import pairwise

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from tasks.core.errors import FetchFailed, PageError, PageSkipped
from tasks.core.models import Target

MAX_COUNTED = 4
"""Redirects from one number to the next larger one are followed no further than to the fourth."""
_NUMBER = re.compile(r"\d{1,18}")

KnownAlready = Callable[[Target, str], PageSkipped | None]
"""What to say of a target's redirect to a URL that is asked for already."""


class GateMiddleware:
    """Sends every request, Scrapy's own for robots.txt included, through the egress gate."""

    def __init__(self, proxy_url: str) -> None:
        self._proxy_url = proxy_url

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GateMiddleware":
        """As Scrapy makes its middlewares."""
        return cls(crawler.settings["EGRESS_GATE"])

    def process_request(self, request: Request) -> None:
        """Name the proxy."""
        request.meta["proxy"] = self._proxy_url


class LeaveMiddleware:
    """Asks before every request, redirects included, whether it is to be made; for what is no page it need not be."""

    check_robots: Callable[[str], Awaitable[None]]
    """Raises a page's error if the URL may not be fetched."""
    known_already: KnownAlready

    @classmethod
    def from_crawler(cls, _crawler: Crawler) -> "LeaveMiddleware":
        """As Scrapy makes its middlewares."""
        return cls()

    async def process_request(self, request: Request) -> None:
        """Refuse what is forbidden, asked for already, or leads on without end."""
        target: Target | None = request.meta.get("target")
        if target is None:
            return
        try:
            await self.check_robots(request.url)
            if passed := request.meta.get("redirect_urls"):
                if known := self.known_already(target, request.url):
                    raise known
                if _counts_on([*passed, request.url]):
                    raise FetchFailed("redirects that only count on")
        except PageError as error:
            raise IgnoreRequest(error.message) from error


def _counts_on(urls: list[str]) -> bool:
    """Whether the last addresses of a chain of redirects differ in a number alone, which grows: no end is in sight."""
    last = urls[-MAX_COUNTED:]
    counts = [tuple(map(int, _NUMBER.findall(url))) for url in last]
    is_growing = all(one < other for one, other in pairwise(counts))
    return len(last) == MAX_COUNTED and is_growing and len({_NUMBER.sub("…", url) for url in last}) == 1
