"""Scrapy downloader middlewares: check whether a request may be sent, and route it through the egress gate."""

import re
from collections.abc import Awaitable, Callable
from itertools import pairwise

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from tasks.core.errors import FetchFailed, PageError, PageSkipped
from tasks.core.models import Target
from tasks.web.fetching.cookies import MAX_COOKIE_BYTES

MAX_COUNTING_REDIRECTS = 4
"""Redirects in a row that only raise a number in the URL; the chain ends at the fourth URL."""
_NUMBER = re.compile(r"\d{1,18}")

ClaimRedirect = Callable[[Target, str], PageSkipped | None]
"""Claims the URL that a target redirects to; returns the reason to skip it if another target has claimed it."""


class GateMiddleware:
    """Sends every request, also Scrapy's own for robots.txt, through the egress gate."""

    def __init__(self, proxy_url: str) -> None:
        self._proxy_url = proxy_url

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GateMiddleware":
        """Create the middleware; Scrapy calls this."""
        return cls(crawler.settings["EGRESS_GATE"])

    def process_request(self, request: Request) -> None:
        """Set the proxy; leave out the cookies of a site that has set so many that it would refuse the request."""
        request.meta["proxy"] = self._proxy_url
        if len(request.headers.get("Cookie") or b"") > MAX_COOKIE_BYTES:
            del request.headers["Cookie"]


class RequestCheckMiddleware:
    """Checks every request for a page, redirects included: robots.txt, claims, redirect loops."""

    check_robots: Callable[[str], Awaitable[None]]
    """Raises a `PageError` if robots.txt forbids the URL."""
    claim_redirect: ClaimRedirect

    @classmethod
    def from_crawler(cls, _crawler: Crawler) -> "RequestCheckMiddleware":
        """Create the middleware; Scrapy calls this."""
        return cls()

    async def process_request(self, request: Request) -> None:
        """Refuse a URL that is forbidden, claimed by another target, or part of a redirect loop."""
        target: Target | None = request.meta.get("target")
        if target is None:
            return
        try:
            await self.check_robots(request.url)
            if passed := request.meta.get("redirect_urls"):
                if skipped := self.claim_redirect(target, request.url):
                    raise skipped
                if _only_counts_up([*passed, request.url]):
                    raise FetchFailed("redirect loop: each redirect only raises a number in the URL")
        except PageError as error:
            raise IgnoreRequest(error.message) from error


class RefreshMiddleware(MetaRefreshMiddleware):
    """Scrapy's meta refreshes; a document that declares an encoding which is none for text has none."""

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the redirected request, or the response."""
        try:
            return super().process_response(request, response)
        except (LookupError, UnicodeError):
            return response


def _only_counts_up(urls: list[str]) -> bool:
    """Whether the last URLs of a redirect chain differ only in a growing number: the chain would not end."""
    last = urls[-MAX_COUNTING_REDIRECTS:]
    counts = [tuple(map(int, _NUMBER.findall(url))) for url in last]
    is_growing = all(one < other for one, other in pairwise(counts))
    return len(last) == MAX_COUNTING_REDIRECTS and is_growing and len({_NUMBER.sub("…", url) for url in last}) == 1
