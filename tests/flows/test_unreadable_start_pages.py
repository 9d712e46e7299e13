"""Start pages that cannot be built from: the build ends with the cause."""

import pytest
from aiohttp import web

from flows.workspace import Workspace
from tasks.core.errors import HomePageFailed, NothingStored
from tests.benchmarks.stack import free_port
from tests.crawling import Crawler
from tests.sites.server import serve_handler


async def _answer(request: web.Request) -> web.Response:
    match request.path.rstrip("/"):
        case "/loop":
            raise web.HTTPFound(request.path)
        case "/zip":
            return web.Response(body=b"PK", content_type="application/zip")
        case "/pdf":
            return web.Response(body=b"%PDF-1.7", content_type="application/pdf")
        case "/empty":
            return web.Response(text="", content_type="text/html")
        case "/robots.txt":
            return web.Response(status=404)
        case _:
            return web.Response(status=500, text="<p>no</p>", content_type="text/html")


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/error", "HTTP 500"),
        ("/empty", "empty"),
        ("/zip", "application/zip"),
        ("/pdf", "the PDF cannot be read"),
        ("/loop", "redirect"),
    ],
)
async def test_the_cause_is_told(crawler: Crawler, browser_space: Workspace, path: str, cause: str) -> None:
    """Whatever the server sends."""
    async with serve_handler(_answer) as site:
        with pytest.raises((HomePageFailed, NothingStored), match=cause):
            await crawler.publish_in(browser_space, site + path, depth=1)


async def test_a_server_that_refuses_the_connection_is_told(crawler: Crawler, browser_space: Workspace) -> None:
    """Nobody listens at the port."""
    with pytest.raises(HomePageFailed, match="refused"):
        await crawler.crawl_in(browser_space, f"http://127.0.0.1:{free_port()}", depth=1)
