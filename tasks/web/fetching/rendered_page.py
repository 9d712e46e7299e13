"""The result of fetching a page with the browser."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urldefrag

from playwright.async_api import Response

from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.web.crawl.directives import HEADER, SIGNAL
from tasks.web.fetching.decoding import decode_html

HASH_ROUTES = ("#/", "#!")
_KEPT = {
    "content_type": "content-type",
    "etag": "etag",
    "last_modified": "last-modified",
    HEADER: "x-robots-tag",
    SIGNAL: "content-signal",
}
"""Response headers kept in a page's metadata, by their names there."""

OnSent = Callable[[str, str], Awaitable[None]]
"""Called with a document's URL and its HTML as sent, before the page is rendered."""


class RenderedPage(Frozen):
    """A page as rendered by the browser, and as sent by the server."""

    page: FetchedPage
    sent_html: str = ""
    """Body of the response before any script ran; empty unless requested."""
    failure: str = ""
    """Why the browser could not show the page, which is then as sent; empty if it did, or was not asked."""
    probe: Any = None
    """The probe's result: JSON."""
    dark_probe: Any = None
    """The probe's result in the dark colour scheme."""


async def make_fetched_page(target: Target, response: Response, url: str, html: str, byte_count: int) -> FetchedPage:
    """Return the page with metadata from its response; a route in the URL fragment is kept."""
    address, fragment = urldefrag(url)
    is_route = f"#{fragment}".startswith(HASH_ROUTES) and bool(fragment.strip("/!"))
    headers = await response.all_headers()
    kept = {name: headers[header] for name, header in _KEPT.items() if header in headers}
    return FetchedPage(
        target=target,
        final_url=f"{address}#{fragment}" if is_route else address,
        method=FetchMethod.browser,
        html=html,
        byte_count=byte_count,
        metadata={"status": response.status, **kept},
    )


def decode_body(body: bytes, response: Response) -> str:
    """Return the body's text, as if it had been fetched over HTTP."""
    return decode_html(body, response.headers.get("content-type", "")) if body else ""
