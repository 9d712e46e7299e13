"""How Scrapy's requests go out: HTTP/2 where a host offers it, else HTTP/1.1 kept alive; every wait is bounded.

Measured (`tests/benchmarks/http_fetch.py`): Scrapy's httpx handler, the one that speaks HTTP/2, takes nearly twice
the processor time of its aiohttp handler. So the first over https finds out; a host that answers with HTTP/1.1
goes by aiohttp from then on, and so does one whose HTTP/2 breaks.
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
from scrapy.exceptions import DownloadFailedError, ResponseDataLossError
from scrapy.http import Response

from tasks.web.fetching.responses import media_type

FIRST_BYTE_S = 20.0
"""How long a server may take to begin its answer, where a page may take longer."""
DEADLINE = "deadline"
"""Key of a request's meta: the loop's time at which its page, redirects included, must be there."""
MAX_HOSTS = 10_000
"""Hosts whose protocol is remembered."""


UNWANTED = "unwanted"
"""Key of a request's meta: beginnings of types of which the body is not worth having."""


class NoAnswer(Exception):
    """The server has not begun its answer in time."""


class Unwanted(Exception):
    """The answer's type, `kind`, is unwanted."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _Bounded(BaseStreamingDownloadHandler[Any]):
    """Ends a download at its page's deadline, wherever it stands: nothing goes on for pages that were given up."""

    async def download_request(self, request: Request) -> Response:
        async with asyncio.timeout_at(request.meta.get(DEADLINE)):
            return await super().download_request(request)

    async def _read_response(self, response: Any, request: Request) -> Response:
        kind = media_type(response.headers.get("Content-Type", ""))
        if kind.startswith(request.meta.get(UNWANTED, ())) and 200 <= _status(response) < 300:
            raise Unwanted(kind)
        return await super()._read_response(response, request)

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(FIRST_BYTE_S):
                    response = await stack.enter_async_context(super()._make_request(request, timeout))  # type: ignore[safe-super]
            except TimeoutError as error:
                raise NoAnswer from error
            yield response


def _status(response: Any) -> int:
    status: int = response.status if isinstance(response, aiohttp.ClientResponse) else response.status_code
    return status


class Http1Handler(_Bounded, AiohttpDownloadHandler):
    """Scrapy's aiohttp handler, bounded."""


class Http2Handler(_Bounded, HttpxDownloadHandler):
    """Scrapy's httpx handler, bounded; speaks HTTP/2 where `HTTPX_HTTP2_ENABLED` and the server does."""


class HttpsHandler(Http1Handler):
    """HTTP/2 with hosts that offer it, HTTP/1.1 with the others."""

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
            # Its HTTP/2 may be broken where its HTTP/1.1 is not.
            self._remember(host)
            return await super().download_request(request)
        if response.protocol != "HTTP/2":
            self._remember(host)
        return response

    def _remember(self, host: str) -> None:
        self._http1_only[host] = None
        if len(self._http1_only) > MAX_HOSTS:
            del self._http1_only[next(iter(self._http1_only))]

    async def close(self) -> None:
        await self._http2.close()
        await super().close()
