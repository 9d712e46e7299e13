"""Bad input: a clear error before the stream where it can be known, else `builder_failed` with the cause."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.benchmarks.stack import free_port
from tests.product import PATH, Product


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "url_missing", "url"),
        ({"url": ""}, "url_missing", "url"),
        ({"url": "/pricing"}, "url_relative", "url"),
        ({"url": "ftp://example.com/"}, "url_scheme", "url"),
        ({"url": "https://user:secret@example.com/"}, "url_credentials", "url"),
        ({"url": "https://example.com/" + "a" * 3_000}, "url_too_long", "url"),
        ({"url": "https://exa mple.com"}, "url_invalid", "url"),
        ({"url": ["https://example.com"]}, "url_invalid", "url"),
        ({"url": "http://10.0.0.1/"}, "address_not_allowed", "url"),
        ({"url": "http://[::1]/"}, "address_not_allowed", "url"),
        ({"url": "http://169.254.169.254/latest/meta-data/"}, "address_not_allowed", "url"),
        ({"url": "http://no-such-host.invalid/"}, "address_not_allowed", "url"),
        ({"url": "http://127.0.0.1/", "depth": -1}, "depth_invalid", "depth"),
        ({"url": "http://127.0.0.1/", "depth": "deep"}, "depth_invalid", "depth"),
        ({"url": "http://127.0.0.1/", "depth": 6}, "depth_invalid", "depth"),
        ({"url": "http://127.0.0.1/", "max_pages": 0}, "max_pages_invalid", "max_pages"),
    ],
)
async def test_an_invalid_request_is_refused_with_its_field(
    product: Product, body: dict[str, Any], code: str, field: str
) -> None:
    """422 as JSON, and no build is recorded."""
    before = await product.count("SELECT count(*) FROM scrape_jobs")
    answer = await product.http.post(PATH, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert error["message"]
    assert await product.count("SELECT count(*) FROM scrape_jobs") == before


async def _loop(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.path)


async def _hang(_request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


@pytest.fixture(scope="module")
async def broken_site() -> AsyncIterator[str]:
    """A server of start pages that cannot be built from."""

    async def answer(request: web.Request) -> web.Response:
        status = int(request.match_info["status"])
        return web.Response(status=status, text="<p>no</p>", content_type="text/html")

    async def empty(_request: web.Request) -> web.Response:
        return web.Response(text="", content_type="text/html")

    async def archive(_request: web.Request) -> web.Response:
        return web.Response(body=b"PK", content_type="application/zip")

    async def pdf(_request: web.Request) -> web.Response:
        return web.Response(body=b"%PDF-1.7", content_type="application/pdf")

    app = web.Application()
    app.router.add_get("/status/{status}", answer)
    app.router.add_get("/empty", empty)
    app.router.add_get("/zip", archive)
    app.router.add_get("/pdf", pdf)
    app.router.add_get("/loop", _loop)
    app.router.add_get("/hang", _hang)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_start_page_that_cannot_be_read_ends_the_build_with_the_cause(
    product: Product, broken_site: str
) -> None:
    """404, 500, empty, an archive, a broken PDF, a redirect loop, a refused connection, a timeout."""
    expected = {
        f"{broken_site}/status/404": "HTTP 404",
        f"{broken_site}/status/500": "HTTP 500",
        f"{broken_site}/empty": "empty",
        f"{broken_site}/zip": "application/zip",
        f"{broken_site}/pdf": "the PDF cannot be read",
        f"{broken_site}/loop": "redirect",
        f"{broken_site}/hang": "timeout after 5s",
        f"http://127.0.0.1:{free_port()}/": "refused",
    }
    streams = await asyncio.gather(*(product.build(url, depth=1) for url in expected))
    for cause, events in zip(expected.values(), streams, strict=True):
        assert events[-1]["type"] == "builder_failed"
        assert cause in events[-1]["detail"]
        assert events[-1]["data"]["statistics"]["stored_pages"] == 0
    assert (await product.http.get("/healthz")).status_code == 200
