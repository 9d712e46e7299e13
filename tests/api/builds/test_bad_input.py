"""Bad input: a clear error before the stream where it can be known, else `builder_failed` with the cause."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.product import PATH, Product
from tests.sites.server import serve_handler


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


async def test_a_start_page_that_cannot_be_read_ends_the_build_with_the_cause(product: Product) -> None:
    """As the page's status, or as a server that does not respond in time."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/hang":
            await asyncio.sleep(60)
        return web.Response(status=404, text="<p>no</p>", content_type="text/html")

    expected = {"/gone": "HTTP 404", "/hang": "timeout after 5s"}
    async with serve_handler(answer) as site:
        streams = await asyncio.gather(*(product.build(site + path, depth=1) for path in expected))
    for cause, events in zip(expected.values(), streams, strict=True):
        assert events[-1]["type"] == "builder_failed"
        assert cause in events[-1]["detail"]
        assert events[-1]["data"]["statistics"]["stored_pages"] == 0
    assert (await product.http.get("/healthz")).status_code == 200
