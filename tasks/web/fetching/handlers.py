"""Scrapy download handlers: HTTP/2 where a host offers it, else HTTP/1.1 with keep-alive; every wait has a limit.

Measured (`tests/benchmarks/http_fetch.py`): Scrapy's httpx handler, which supports HTTP/2, takes nearly twice
the processor time of its aiohttp handler. So the first https request to a host goes by httpx; a host that responds
with HTTP/1.1, or whose HTTP/2 fails, is requested by aiohttp from then on.

The only module that depends on private parts of Scrapy (2.19): both handlers live in private modules (documented
by these paths), and only `_make_request` and `_read_response` allow a limit for the first byte and a look at the
type before the body is read. pyproject.toml excludes later minor versions for this reason.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
from scrapy.core.downloader.handlers._httpx import HttpxDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError, ResponseDataLossError, StopDownload
from scrapy.http import Headers, Response

from tasks.web.fetching.responses import media_type

FIRST_BYTE_S = 20.0
"""Seconds until the first byte of a response, where the whole page may take longer."""
DEADLINE = "deadline"
"""Key in a request's meta: the deadline, in the loop's time, for the page including redirects."""
BEGINNING = "beginning"
"""Key in a request's meta: bytes after which the download ends, without a failure; larger bodies are cut there."""
_RECEIVED = "received"
"""Key in a request's meta: bytes of the body so far."""
MAX_HOSTS = 10_000
"""Hosts whose protocol is remembered."""
UNWANTED_TYPES = "unwanted"
"""Key in a request's meta: prefixes of content types whose body is not downloaded."""


class NoResponse(Exception):
    """The server did not begin its response in time."""


class UnwantedType(Exception):
    """The response has the content type `kind`, which is not downloaded."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _BoundedHandler(BaseStreamingDownloadHandler[Any]):
    """Ends a download at its page's deadline, so that nothing keeps running for an abandoned page."""

    async def download_request(self, request: Request) -> Response:
        async with asyncio.timeout_at(request.meta.get(DEADLINE)):
            return await super().download_request(request)

    async def _read_response(self, response: Any, request: Request) -> Response:
        kind = media_type(response.headers.get("Content-Type", ""))
        if kind.startswith(request.meta.get(UNWANTED_TYPES, ())) and 200 <= _status(response) < 300:
            raise UnwantedType(kind)
        if BEGINNING not in request.meta:
            return await super()._read_response(response, request)
        # A length that is announced is no reason to refuse it; decompressed, the beginning has a page's limit.
        request.meta.update({"download_maxsize": 0, _RECEIVED: 0})
        try:
            return await super()._read_response(response, request)
        finally:
            del request.meta["download_maxsize"]

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(FIRST_BYTE_S):
                    response = await stack.enter_async_context(super()._make_request(request, timeout))  # type: ignore[safe-super]
            except TimeoutError as error:
                raise NoResponse from error
            yield response


def stop_at_beginning(data: bytes, request: Request) -> None:
    """End a download that has `BEGINNING` bytes: to be connected to Scrapy's signal for bytes received."""
    if (most := request.meta.get(BEGINNING)) is None:
        return
    request.meta[_RECEIVED] += len(data)
    if request.meta[_RECEIVED] > most:
        raise StopDownload(fail=False)


def _status(response: Any) -> int:
    status: int = response.status if isinstance(response, aiohttp.ClientResponse) else response.status_code
    return status


class Http1Handler(_BoundedHandler, AiohttpDownloadHandler):
    """Scrapy's aiohttp handler with time limits; headers keep bytes that are not UTF-8."""

    @staticmethod
    def _extract_headers(response: aiohttp.ClientResponse) -> Headers:
        # aiohttp returns such bytes as surrogates, which Scrapy's headers cannot encode.
        return Headers([(name, value.encode("utf-8", "surrogateescape")) for name, value in response.headers.items()])


class Http2Handler(_BoundedHandler, HttpxDownloadHandler):
    """Scrapy's httpx handler with time limits; HTTP/2 if `HTTPX_HTTP2_ENABLED` is set and the server offers it."""


class HttpsHandler(Http1Handler):
    """HTTP/2 for hosts that offer it, HTTP/1.1 for the others."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._http2 = Http2Handler(crawler)
        self._http1_only: dict[str, None] = {}

    async def download_request(self, request: Request) -> Response:
        host = urlsplit(request.url).netloc
        if host in self._http1_only:
            return await super().download_request(request)
        try:
            response = await self._http2.download_request(request)
        except (DownloadFailedError, ResponseDataLossError):
            # The host's HTTP/2 may be broken while its HTTP/1.1 works.
            self._remember_http1(host)
            return await super().download_request(request)
        if response.protocol != "HTTP/2":
            self._remember_http1(host)
        return response

    def _remember_http1(self, host: str) -> None:
        self._http1_only[host] = None
        if len(self._http1_only) > MAX_HOSTS:
            del self._http1_only[next(iter(self._http1_only))]

    async def close(self) -> None:
        await self._http2.close()
        await super().close()
