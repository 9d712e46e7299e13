"""Fetching over HTTP: Scrapy's downloader and middlewares, driven by our lanes.

Scrapy runs without a Twisted reactor inside the running event loop. Its spider does nothing but stay open;
each fetch goes through the engine's downloader and so through Scrapy's own robots, redirect, cookie and
compression middlewares. Retries are not among them: tasks are retried as a whole.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response, TextResponse

from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus, PageError, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.core.settings import Settings
from tasks.web.answers import check_answer, check_scheme, gate_refusal, gate_refusal_by_status
from tasks.web.egress import Gate

USER_AGENT = "Mozilla/5.0 (compatible; AIWidgetBuilder/0.1)"
_HANDLER = "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"
_BROKEN = (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)
"""The connection failed: another try may do better."""


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


class StaticFetcher:
    """Fetches pages over HTTP; any number at once."""

    def __init__(self, crawler: Crawler, settings: Settings) -> None:
        self._crawler = crawler
        self._settings = settings
        self._robots: RobotsTxtMiddleware | None = crawler.get_downloader_middleware(RobotsTxtMiddleware)

    async def fetch(self, target: Target, *, site_may_move: bool = False) -> FetchedPage:
        """The page as sent.

        With `site_may_move` a redirect to another site is followed and accepted: that is the site then.

        Raises:
            PageError: it failed, or is none of the site's HTML pages.
        """
        response = await self._download(target.url)
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

    async def fetch_resource(self, url: str, max_bytes: int) -> bytes:
        """The bytes of what belongs to a page: a picture, a manifest.

        Raises:
            PageError: it failed, is not there, or is larger.
        """
        response = await self._download(url, max_bytes)
        if response.status != 200:
            raise HttpStatus(response.status)
        return response.body

    async def allows(self, url: str) -> bool:
        """Whether robots.txt lets us read the URL (RFC 9309)."""
        if self._robots is None:
            return True
        parser = await self._robots.robot_parser(Request(url))
        return parser is None or bool(parser.allowed(url, USER_AGENT))

    async def _download(self, url: str, max_bytes: int | None = None) -> Response:
        check_scheme(url)
        meta = {} if max_bytes is None else {"download_maxsize": max_bytes}
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
    if "robots.txt" in str(error):
        return PageSkipped("robots", "robots.txt forbids it")
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
    }
    return {name: value for name, value in found.items() if value is not None}


def _scrapy_settings(settings: Settings, gate: Gate) -> dict[str, Any]:
    # Lanes bound what is under way; nothing may queue here, where the page's time is running already.
    most = settings.http_extract_workers + settings.scrape_workers + settings.browser_extract_workers
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS_BASE": {},
        "DOWNLOAD_HANDLERS": {"http": _HANDLER, "https": _HANDLER},
        "DOWNLOADER_MIDDLEWARES": {GateMiddleware: 740},
        "EGRESS_GATE": gate.proxy_url,
        # Telnet and remote control among them.
        "EXTENSIONS_BASE": {},
        "HTTPPROXY_ENABLED": False,
        "RETRY_ENABLED": False,
        "ROBOTSTXT_OBEY": settings.obey_robots,
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
