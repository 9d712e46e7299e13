"""A page as the browser shows it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urldefrag

from playwright.async_api import Response
from w3lib.encoding import html_to_unicode

from tasks.core.models import FetchedPage, FetchMethod, Frozen, Target
from tasks.web.crawl.directives import HEADER

HASH_ROUTES = ("#/", "#!")
_KEPT = {
    "content_type": "content-type",
    "etag": "etag",
    "last_modified": "last-modified",
    HEADER: "x-robots-tag",
}
"""Headers that are kept, by their names in a page's metadata."""

Sent = Callable[[str, str], Awaitable[None]]
"""Takes a document's URL and its HTML as sent, long before it has been drawn."""


class RenderedPage(Frozen):
    """A page as the browser shows it, and as it was sent."""

    page: FetchedPage
    sent_html: str = ""
    """The body of the answer, before any script ran; empty unless asked for."""
    probe: Any = None
    """What the probe returned: JSON."""
    dark_probe: Any = None
    """The same for a visitor who prefers the dark scheme."""


async def describe(target: Target, answer: Response, url: str, html: str, byte_count: int) -> FetchedPage:
    """The page with what its answer says of it; a route in the fragment of its address stays."""
    address, fragment = urldefrag(url)
    is_route = f"#{fragment}".startswith(HASH_ROUTES) and bool(fragment.strip("/!"))
    headers = await answer.all_headers()
    told = {name: headers[header] for name, header in _KEPT.items() if header in headers}
    return FetchedPage(
        target=target,
        final_url=f"{address}#{fragment}" if is_route else address,
        method=FetchMethod.browser,
        html=html,
        byte_count=byte_count,
        metadata={"status": answer.status, **told},
    )


def decode(body: bytes, answer: Response) -> str:
    """The body as text, in the encoding that it or its answer names."""
    return html_to_unicode(answer.headers.get("content-type"), body)[1] if body else ""
