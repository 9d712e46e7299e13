"""Fetches pages over HTTP: Scrapy's downloader and middlewares, driven by our lanes.

Scrapy runs without a Twisted reactor inside the running event loop. Its spider only stays open; each fetch goes
through the engine's downloader, and so through Scrapy's redirect, cookie and compression middlewares.

1. Scrapy's retries are off: tasks are retried as a whole.
2. Its AutoThrottle is off, see `tasks.web.fetching.throttle`.
3. Its robots.txt check is off, see `tasks.web.crawl.robots`: Scrapy's allows everything if robots.txt fails to load.

Accepted content encodings: gzip, deflate, br, zstd. Each is decompressed up to the page's size limit only.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.downloadermiddlewares import cookies as scrapy_cookies
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware
from scrapy.http import Response
from scrapy.http.cookies import CookieJar

from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus
from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.core.settings import Settings
from tasks.web.crawl.directives import HEADER, SIGNAL
from tasks.web.crawl.links import REFRESH
from tasks.web.crawl.robots import MAX_BYTES, Robots, RobotsAnswer
from tasks.web.crawl.urls import public_suffixes
from tasks.web.fetching.cookies import SharedCookies
from tasks.web.fetching.decoding import decode_html
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.failures import explain_failure
from tasks.web.fetching.handlers import (
    BEGINNING,
    DEADLINE,
    UNWANTED_TYPES,
    Http1Handler,
    HttpsHandler,
    stop_at_beginning,
)
from tasks.web.fetching.host_rate import parse_retry_after
from tasks.web.fetching.middlewares import ClaimRedirect, GateMiddleware, RefreshMiddleware, RequestCheckMiddleware
from tasks.web.fetching.page_time import PageTime
from tasks.web.fetching.responses import (
    PDF,
    check_scheme,
    check_status,
    detect_type,
    gate_refusal,
    is_binary,
    unsupported_type,
)
from tasks.web.fetching.text_documents import is_text_document, text_as_html
from tasks.web.fetching.throttle import Throttle, make_throttle

_DOCUMENTS = {UNWANTED_TYPES: ("image/", "video/", "audio/", "font/")}
_LANGUAGE = re.compile(r"<html\b[^>]*?\slang\s*=\s*[\"']?([a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2})\b", re.IGNORECASE)
_BEGINNING = 10_000
"""Characters searched for the document's language."""


class Resource(Frozen):
    """A response whose status, type and site have not been checked."""

    final_url: str
    """After redirects."""
    status: int
    content_type: str
    """As sent, with parameters; empty if missing."""
    headers: dict[str, str]
    """By lower-case name; repeated headers are joined by commas."""
    body: bytes
    """Decompressed."""


class _IdleSpider(Spider):
    """A spider without requests of its own: keeps Scrapy's engine open until `closing` is set."""

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


class StaticFetcher:
    """Fetches pages over HTTP, any number concurrently."""

    def __init__(self, crawler: Crawler, settings: Settings, throttle: Throttle) -> None:
        self._crawler = crawler
        self._settings = settings
        self._throttle = throttle
        self._headers: dict[str, str] = {}
        self.requests = 0
        """Requests made, without redirects."""
        self.robots = Robots(self._fetch_robots, obey=settings.obey_robots, limit_s=settings.page_timeout_s / 2)
        self.claim_redirect: ClaimRedirect = lambda _target, _url: None
        if middleware := crawler.get_downloader_middleware(RequestCheckMiddleware):
            middleware.check_robots = self.robots.check
            middleware.claim_redirect = lambda target, url: self.claim_redirect(target, url)
        kept = crawler.get_downloader_middleware(CookiesMiddleware)
        self.cookies = SharedCookies(kept.jars[None] if kept else CookieJar())
        """Cookies that sites have set; the browser can share them."""

    def prefer_language_of(self, html: str) -> None:
        """Request later pages in the language of this one (Accept-Language), for sites with several per URL."""
        if (match := _LANGUAGE.search(html[:_BEGINNING])) is not None:
            language = match.group(1)
            general = language.partition("-")[0]
            also = f"{general};q=0.9, " if general != language else ""
            self._headers["Accept-Language"] = f"{language}, {also}*;q=0.5"

    async def fetch(self, target: Target, *, site_may_move: bool = False, time: PageTime | None = None) -> FetchedPage:
        """Return the page as sent; for a PDF, its bytes.

        With `site_may_move` a redirect to another site is accepted, as the new address of the site. `time`: what
        earlier attempts have left of the page's timeout.

        Raises:
            PageError: the fetch failed, or the result is not a document of the site.
        """
        async with self._throttle.turn(target.url):
            response = await self._download(target.url, {**_DOCUMENTS, "target": target}, time=time)
            return _read(response, target, site_may_move=site_may_move)

    async def fetch_if_changed(
        self,
        target: Target,
        metadata: Mapping[str, Any],
        *,
        site_may_move: bool = False,
        time: PageTime | None = None,
    ) -> FetchedPage | None:
        """Return the page, or `None` if the server reports it unchanged since this `metadata` (RFC 9110, 304).

        Raises:
            PageError: the fetch failed, or the result is not a document of the site.
        """
        names = {"If-None-Match": "etag", "If-Modified-Since": "last_modified"}
        known = {header: str(metadata[name]) for header, name in names.items() if metadata.get(name)}
        async with self._throttle.turn(target.url):
            response = await self._download(target.url, {**_DOCUMENTS, "target": target}, known, time=time)
            if known and response.status == 304:
                return None
            return _read(response, target, site_may_move=site_may_move)

    async def fetch_resource(self, url: str, *, max_bytes: int | None = None) -> Resource:
        """Return the response of any URL (a sitemap, a picture …), of at most `max_bytes` (default: a page's limit).

        Raises:
            PageError: no response, or it is too large.
        """
        return await self._fetch_any(url, {"download_maxsize": max_bytes or self._settings.max_page_bytes})

    async def _fetch_any(self, url: str, meta: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Resource:
        response = await self._download(url, meta, headers)
        retry_after = _header(response, "Retry-After")
        self._throttle.record_response(
            url, HttpStatus(response.status, retry_after_s=parse_retry_after(retry_after or ""))
        )
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

    async def _fetch_robots(self, url: str) -> RobotsAnswer:
        # Not compressed: the beginning of a compressed file cannot always be read.
        resource = await self._fetch_any(url, {BEGINNING: MAX_BYTES}, {"Accept-Encoding": "identity"})
        wait_s = parse_retry_after(resource.headers.get("retry-after", ""))
        return RobotsAnswer(resource.status, resource.body, retry_after_s=wait_s)

    async def _download(
        self,
        url: str,
        meta: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        time: PageTime | None = None,
    ) -> Response:
        check_scheme(url)
        self.requests += 1
        time = time or PageTime(self._settings.page_timeout_s)
        try:
            async with time.limited() as deadline:
                request = Request(url, headers={**self._headers, **(headers or {})}, meta={**meta, DEADLINE: deadline})
                response: Response = await self._crawler.engine.download_async(request)
        except TimeoutError as error:
            raise FetchTimeout(time.limit_s) from error
        except Exception as error:
            # Any exception of Scrapy's about a response (an invalid Location …) fails this page only.
            raise explain_failure(error, time.limit_s) from error
        if reason := _header(response, "X-Egress"):
            raise gate_refusal(reason)
        return response


def _read(response: Response, target: Target, *, site_may_move: bool = False) -> FetchedPage:
    """Return the page from a response."""
    final_url, content_type = str(response.url), _header(response, "Content-Type") or ""
    check_status(
        status=response.status,
        start_url=final_url if site_may_move else target.url,
        final_url=final_url,
        retry_after=_header(response, "Retry-After"),
    )
    body = response.body
    if encoding := _header(response, "Content-Encoding"):
        raise FetchFailed(f"unsupported content encoding: {encoding[:40]}")
    kind = detect_type(content_type, body)
    is_text = is_text_document(kind, final_url) and not is_binary(body)
    if kind not in ("text/html", PDF) and not is_text:
        raise unsupported_type(kind)
    html = "" if kind == PDF else decode_html(body, content_type)
    return FetchedPage(
        target=target,
        final_url=final_url,
        method=FetchMethod.http,
        html=text_as_html(html, kind, final_url) if is_text else html,
        pdf=body if kind == PDF else None,
        byte_count=len(body),
        metadata=_metadata(response),
    )


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
        SIGNAL: _header(response, "Content-Signal"),
        REFRESH: _header(response, "Refresh"),
    }
    return {name: value for name, value in found.items() if value is not None}


def scrapy_settings(settings: Settings, gate: Gate) -> dict[str, Any]:
    """Return Scrapy's settings."""
    # Our lanes limit concurrency; a queue in Scrapy would use up the pages' timeouts.
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS_BASE": {},
        "DOWNLOAD_HANDLERS": {"http": Http1Handler, "https": HttpsHandler},
        "HTTPX_HTTP2_ENABLED": True,
        "DOWNLOADER_MIDDLEWARES": {
            RequestCheckMiddleware: 100,
            MetaRefreshMiddleware: None,
            RefreshMiddleware: 580,
            GateMiddleware: 740,
        },
        "EGRESS_GATE": gate.proxy_url,
        # Scrapy's default extensions include Telnet, a remote control.
        "EXTENSIONS_BASE": {},
        "HTTPPROXY_ENABLED": False,
        "RETRY_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "USER_AGENT": settings.user_agent,
        "CONCURRENT_REQUESTS": settings.max_fetch_lanes,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.max_fetch_lanes,
        "DOWNLOAD_TIMEOUT": settings.page_timeout_s,
        "DOWNLOAD_MAXSIZE": settings.max_page_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": 10,
        "LOG_ENABLED": False,
    }


@asynccontextmanager
async def open_static_fetcher(
    settings: Settings, gate: Gate, throttle: Throttle | None = None
) -> AsyncIterator[StaticFetcher]:
    """Open a fetcher behind the gate; close it on exit."""
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
    # Its own would be downloaded at the first cookie: past the gate, and on the event loop, however long that takes.
    scrapy_cookies._split_domain = public_suffixes()
    opened, closing = asyncio.Event(), asyncio.Event()
    runner = AsyncCrawlerRunner(scrapy_settings(settings, gate))
    crawler = runner.create_crawler(_IdleSpider)
    crawler.signals.connect(stop_at_beginning, signals.bytes_received)
    crawling = runner.crawl(crawler, opened=opened, closing=closing)
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({crawling, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if crawling.done():
        waiting.cancel()
        await crawling
    try:
        yield StaticFetcher(crawler, settings, throttle or make_throttle(settings))
    finally:
        closing.set()
        await crawler.stop_async()
        await crawling
