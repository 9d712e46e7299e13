"""Fetching over HTTP: Scrapy's downloader and middlewares, driven by our lanes.

Scrapy runs without a Twisted reactor inside the running event loop. Its spider does nothing but stay open;
each fetch goes through the engine's downloader and so through Scrapy's own redirect, cookie and compression
middlewares. Retries are not among them: tasks are retried as a whole. Robots rules are ours (`tasks.web.robots`):
Scrapy's allow all when robots.txt cannot be had.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response, TextResponse

from tasks.core.errors import FetchFailed, FetchTimeout, PageError, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.core.settings import Settings
from tasks.web.answers import check_answer, check_scheme, gate_refusal, gate_refusal_by_status
from tasks.web.directives import HEADER, PRODUCT
from tasks.web.egress import Gate
from tasks.web.robots import Robots, RobotsAnswer

USER_AGENT = f"Mozilla/5.0 (compatible; {PRODUCT}/0.1)"
_HANDLER = "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"
_BROKEN = (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)
"""The connection failed: another try may do better."""


class Resource(Frozen):
    """An answer as it came, whatever it is: nobody has judged its status, type or site."""

    final_url: str
    """After redirects."""
    status: int
    content_type: str
    """As sent, with its parameters; empty if it was not."""
    headers: dict[str, str]
    """By lower-case name; several of one name are joined by commas."""
    body: bytes
    """Decompressed."""


class _OpenSpider(Spider):
    """Stays open until told to close; asks for nothing by itself."""

    name = "widget-builder"

    def __init__(self, opened: asyncio.Event, closing: asyncio.Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._opened = opened
        self._closing = closing

    async def start(self) -> AsyncIterator[Any]:
        self._opened.set()
        await self._closing.wait()
        return
        yield


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


KnownAlready = Callable[[Target, str], PageSkipped | None]
"""What to say of a target's redirect to a URL that is asked for already."""


class LeaveMiddleware:
    """Asks before every request, redirects included, whether it is to be made; for what is no page it need not be."""

    fetcher: "StaticFetcher"

    @classmethod
    def from_crawler(cls, _crawler: Crawler) -> "LeaveMiddleware":
        """As Scrapy makes its middlewares."""
        return cls()

    async def process_request(self, request: Request) -> None:
        """Refuse what is forbidden, or asked for already."""
        target: Target | None = request.meta.get("target")
        if target is None:
            return
        try:
            await self.fetcher.robots.check(request.url)
            if request.meta.get("redirect_urls") and (known := self.fetcher.known_already(target, request.url)):
                raise known
        except PageError as error:
            raise IgnoreRequest(error.message) from error


class StaticFetcher:
    """Fetches pages over HTTP; any number at once."""

    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        self._crawler = crawler
        self._settings = settings
        self.robots = Robots(self._ask_robots, obey=settings.obey_robots)
        self.known_already: KnownAlready = lambda _target, _url: None
        if middleware := crawler.get_downloader_middleware(LeaveMiddleware):
            middleware.fetcher = self

    async def fetch(self, target: Target, *, site_may_move: bool = False) -> FetchedPage:
        """The page as sent.

        With `site_may_move` a redirect to another site is followed and accepted: that is the site then.

        Raises:
            PageError: it failed, or is none of the site's HTML pages.
        """
        response = await self._download(target.url, {"target": target})
        final_url = str(response.url)
        check_answer(
            status=response.status,
            content_type=_header(response, "Content-Type") or "",
            start_url=final_url if site_may_move else target.url,
            final_url=final_url,
        )
        if not isinstance(response, TextResponse):
            raise PageSkipped("not_html", "it is not text")
        return FetchedPage(
            target=target,
            final_url=final_url,
            method=FetchMethod.http,
            html=response.text,
            byte_count=len(response.body),
            metadata=_metadata(response),
        )

    async def fetch_resource(self, url: str, *, max_bytes: int | None = None) -> Resource:
        """Whatever is at the URL (a robots.txt, a sitemap …), of at most `max_bytes` (default: a page's limit).

        Raises:
            PageError: there was no answer, or it is too large.
        """
        meta = {"download_maxsize": max_bytes or self._settings.max_page_bytes}
        response = await self._download(url, meta)
        return Resource(
            final_url=str(response.url),
            status=response.status,
            content_type=_header(response, "Content-Type") or "",
            headers={
                name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
                for name, values in response.headers.items()
            },
            body=response.body,
        )

    async def _ask_robots(self, url: str) -> RobotsAnswer:
        resource = await self.fetch_resource(url)
        return RobotsAnswer(resource.status, resource.body)

    async def _download(self, url: str, meta: dict[str, Any] | None = None) -> Response:
        check_scheme(url)
        try:
            async with asyncio.timeout(self._settings.page_timeout_s):
                response: Response = await self._crawler.engine.download_async(Request(url, meta=meta))
        except TimeoutError as error:
            raise FetchTimeout(self._settings.page_timeout_s) from error
        except IgnoreRequest as error:
            raise _ignored(error) from error
        except Exception as error:
            # Whatever Scrapy raises about an answer (a Location that is no URL …) is this page's failure.
            raise _failed(error, self._settings.page_timeout_s) from error
        if reason := _header(response, "X-Egress"):
            raise gate_refusal(reason)
        return response


def _ignored(error: IgnoreRequest) -> PageError:
    if isinstance(error.__cause__, PageError):
        return error.__cause__
    if "redirection" in str(error):
        return FetchFailed("too many redirects")
    if "DOWNLOAD_MAXSIZE" in str(error):
        return PageSkipped("too_large", "it is too large when decompressed")
    return FetchFailed(str(error))


def _failed(error: Exception, timeout_s: float) -> PageError:
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return FetchFailed(f"the certificate is not valid: {_reason(cause)}")
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return gate_refusal_by_status(cause.status)
    if isinstance(error, DownloadTimeoutError):
        return FetchTimeout(timeout_s)
    if isinstance(error, DownloadCancelledError):
        return PageSkipped("too_large", "it is too large")
    if isinstance(error, _BROKEN):
        return FetchFailed(f"the connection broke: {cause or error}", retriable=True)
    return FetchFailed(f"the answer cannot be used: {error or type(error).__name__}")


def _reason(cause: Exception) -> str:
    inner = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None) or cause
    return str(getattr(inner, "verify_message", None) or inner)


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value is not None else None


def _metadata(response: Response) -> dict[str, Any]:
    found = {
        "status": response.status,
        "content_type": _header(response, "Content-Type"),
        "etag": _header(response, "ETag"),
        "last_modified": _header(response, "Last-Modified"),
        HEADER: b", ".join(response.headers.getlist("X-Robots-Tag")).decode("latin-1") or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _scrapy_settings(settings: Settings, gate: Gate) -> dict[str, Any]:
    # Lanes bound what is under way; nothing may queue here, where the page's time is running already.
    most = settings.http_extract_workers + settings.scrape_workers + settings.browser_extract_workers
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS_BASE": {},
        "DOWNLOAD_HANDLERS": {"http": _HANDLER, "https": _HANDLER},
        "DOWNLOADER_MIDDLEWARES": {LeaveMiddleware: 100, GateMiddleware: 740},
        "EGRESS_GATE": gate.proxy_url,
        # Telnet and remote control among them.
        "EXTENSIONS_BASE": {},
        "HTTPPROXY_ENABLED": False,
        "RETRY_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "USER_AGENT": USER_AGENT,
        "CONCURRENT_REQUESTS": most,
        "CONCURRENT_REQUESTS_PER_DOMAIN": most,
        "DOWNLOAD_TIMEOUT": settings.page_timeout_s,
        "DOWNLOAD_MAXSIZE": settings.max_page_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": 10,
        "LOG_ENABLED": False,
    }


@asynccontextmanager
async def open_static_fetcher(settings: Settings, gate: Gate) -> AsyncIterator[StaticFetcher]:
    """A fetcher that goes through the gate; closed on leaving."""
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
    opened, closing = asyncio.Event(), asyncio.Event()
    runner = AsyncCrawlerRunner(_scrapy_settings(settings, gate))
    crawler = runner.create_crawler(_OpenSpider)
    crawling = runner.crawl(crawler, opened=opened, closing=closing)
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({crawling, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if crawling.done():
        waiting.cancel()
        await crawling
    try:
        yield StaticFetcher(crawler, settings)
    finally:
        closing.set()
        await crawler.stop_async()
        await crawling
