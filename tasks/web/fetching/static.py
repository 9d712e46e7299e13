"""Fetching over HTTP: Scrapy's downloader and middlewares, driven by our lanes.

Scrapy runs without a Twisted reactor inside the running event loop. Its spider does nothing but stay open;
each fetch goes through the engine's downloader and so through Scrapy's own redirect, cookie and compression
middlewares. Retries are not among them: tasks are retried as a whole. Nor is its auto-throttle, see
`tasks.web.fetching.throttle`. Robots rules are ours (`tasks.web.crawl.robots`): Scrapy's allow all when robots.txt
cannot be had.
 Accepted codings: gzip, deflate, br, zstd, each decompressed up to the page's limit only.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.cookies import CookieJar

from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus, PageError, PageSkipped, TooManyRedirects
from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.core.settings import Settings
from tasks.web.crawl.directives import HEADER
from tasks.web.crawl.robots import Robots, RobotsAnswer
from tasks.web.fetching.cookies import Cookies
from tasks.web.fetching.decoding import decode_html
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.failures import explain_failure
from tasks.web.fetching.handlers import DEADLINE, UNWANTED, Http1Handler, HttpsHandler
from tasks.web.fetching.middlewares import GateMiddleware, KnownAlready, LeaveMiddleware
from tasks.web.fetching.responses import (
    PDF,
    check_scheme,
    check_status,
    gate_refusal,
    real_type,
    wrong_type,
)
from tasks.web.fetching.throttle import Throttle, make_throttle, parse_retry_after

_DOCUMENTS = {UNWANTED: ("image/", "video/", "audio/", "font/")}
_LANGUAGE = re.compile(r"<html\b[^>]*?\slang\s*=\s*[\"']?([a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2})\b", re.IGNORECASE)
_BEGINNING = 10_000
"""Characters in which a document has said its language."""


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


class StaticFetcher:
    """Fetches pages over HTTP; any number at once."""

    def __init__(self, crawler: Crawler, settings: Settings, throttle: Throttle) -> None:
        self._crawler = crawler
        self._settings = settings
        self._throttle = throttle
        self._headers: dict[str, str] = {}
        self.robots = Robots(self._ask_robots, obey=settings.obey_robots)
        self.known_already: KnownAlready = lambda _target, _url: None
        if middleware := crawler.get_downloader_middleware(LeaveMiddleware):
            middleware.check_robots = self.robots.check
            middleware.known_already = lambda target, url: self.known_already(target, url)
        kept = crawler.get_downloader_middleware(CookiesMiddleware)
        self.cookies = Cookies(kept.jars[None] if kept else CookieJar())
        """What sites have given; the browser may share them."""

    def prefer_language_of(self, html: str) -> None:
        """Ask for further pages in the language of this one, where the site has several under one URL."""
        if (match := _LANGUAGE.search(html[:_BEGINNING])) is not None:
            language = match.group(1)
            general = language.partition("-")[0]
            also = f"{general};q=0.9, " if general != language else ""
            self._headers["Accept-Language"] = f"{language}, {also}*;q=0.5"

    async def fetch(self, target: Target, *, site_may_move: bool = False) -> FetchedPage:
        """The page as sent; of a PDF, its bytes.

        With `site_may_move` a redirect to another site is followed and accepted: that is the site then.

        Raises:
            PageError: it failed, or is none of the site's documents.
        """
        async with self._throttle.turn(target.url):
            return _read(
                await self._download(target.url, {**_DOCUMENTS, "target": target}), target, site_may_move=site_may_move
            )

    async def fetch_if_changed(self, target: Target, metadata: Mapping[str, Any]) -> FetchedPage | None:
        """The page, or `None` if the server says that it is still the one with this `metadata` (RFC 9110).

        Raises:
            PageError: it failed, or is none of the site's documents.
        """
        names = {"If-None-Match": "etag", "If-Modified-Since": "last_modified"}
        known = {header: str(metadata[name]) for header, name in names.items() if metadata.get(name)}
        async with self._throttle.turn(target.url):
            response = await self._download(target.url, {**_DOCUMENTS, "target": target}, known)
            return None if known and response.status == 304 else _read(response, target)

    async def fetch_resource(self, url: str, *, max_bytes: int | None = None) -> Resource:
        """Whatever is at the URL (a robots.txt, a sitemap …), of at most `max_bytes` (default: a page's limit).

        Raises:
            PageError: there was no answer, or it is too large.
        """
        meta = {"download_maxsize": max_bytes or self._settings.max_page_bytes}
        response = await self._download(url, meta)
        retry_after = _header(response, "Retry-After")
        self._throttle.note(url, HttpStatus(response.status, retry_after_s=parse_retry_after(retry_after or "")))
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

    async def _download(self, url: str, meta: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        check_scheme(url)
        timeout_s = self._settings.page_timeout_s
        deadline = asyncio.get_running_loop().time() + timeout_s
        request = Request(url, headers={**self._headers, **(headers or {})}, meta={**meta, DEADLINE: deadline})
        try:
            async with asyncio.timeout_at(deadline):
                response: Response = await self._crawler.engine.download_async(request)
        except TimeoutError as error:
            raise FetchTimeout(timeout_s) from error
        except IgnoreRequest as error:
            raise _ignored(error) from error
        except Exception as error:
            # Whatever Scrapy raises about an answer (a Location that is no URL …) is this page's failure.
            raise explain_failure(error, timeout_s) from error
        if reason := _header(response, "X-Egress"):
            raise gate_refusal(reason)
        return response


def _read(response: Response, target: Target, *, site_may_move: bool = False) -> FetchedPage:
    """The page in an answer."""
    final_url, content_type = str(response.url), _header(response, "Content-Type") or ""
    check_status(
        status=response.status,
        start_url=final_url if site_may_move else target.url,
        final_url=final_url,
        retry_after=_header(response, "Retry-After"),
    )
    body = response.body
    if coding := _header(response, "Content-Encoding"):
        raise FetchFailed(f"its content coding is unknown: {coding[:40]}")
    kind = real_type(content_type, body)
    if kind not in ("text/html", PDF):
        raise wrong_type(kind)
    return FetchedPage(
        target=target,
        final_url=final_url,
        method=FetchMethod.http,
        html="" if kind == PDF else decode_html(body, content_type),
        pdf=body if kind == PDF else None,
        byte_count=len(body),
        metadata=_metadata(response),
    )


def _ignored(error: IgnoreRequest) -> PageError:
    if isinstance(error.__cause__, PageError):
        return error.__cause__
    if "redirection" in str(error):
        return TooManyRedirects("too many redirects")
    if "DOWNLOAD_MAXSIZE" in str(error):
        return PageSkipped("too_large", "it is too large when decompressed")
    return FetchFailed(str(error))


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


def scrapy_settings(settings: Settings, gate: Gate) -> dict[str, Any]:
    """How Scrapy is to work."""
    # Lanes bound what is under way; nothing may queue here, where the page's time is running already.
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS_BASE": {},
        "DOWNLOAD_HANDLERS": {"http": Http1Handler, "https": HttpsHandler},
        "HTTPX_HTTP2_ENABLED": True,
        "DOWNLOADER_MIDDLEWARES": {LeaveMiddleware: 100, GateMiddleware: 740},
        "EGRESS_GATE": gate.proxy_url,
        # Telnet and remote control among them.
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
    """A fetcher that goes through the gate; closed on leaving."""
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)
    opened, closing = asyncio.Event(), asyncio.Event()
    runner = AsyncCrawlerRunner(scrapy_settings(settings, gate))
    crawler = runner.create_crawler(_OpenSpider)
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
