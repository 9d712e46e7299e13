"""Links on a page."""

from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.models import FetchedPage, FetchMethod
from tasks.web.urls import looks_like_page, normalise_url

MAX_LINKS = 10_000
"""Links read from one page; a page with more is a trap or a dump."""
MAX_URL_LENGTH = 2_048


def links_of(page: FetchedPage) -> tuple[str, ...]:
    """Links to follow from a page; routes that scripts show (`#/…`) count as pages where the browser has read it."""
    return tuple(list_links(page.html, page.final_url, keep_routes=page.method is FetchMethod.browser))


def list_links(html: str, base_url: str, *, keep_routes: bool = False) -> list[str]:
    """Links to follow, absolute and normalised, each once, in document order.

    `<base>` is respected; `rel=nofollow`, other schemes and files that are no pages are left out.
    """
    tree = LexborHTMLParser(html)
    base = _base(tree, base_url)
    # Most links of a document differ in their fragment alone.
    hrefs = dict.fromkeys(_href(anchor, keep_routes) for anchor in tree.css("a[href], area[href]")[:MAX_LINKS])
    urls = (_resolve(href, base) for href in hrefs if href)
    return list(dict.fromkeys(url for url in urls if url))


def _base(tree: LexborHTMLParser, base_url: str) -> str:
    node = tree.css_first("base[href]")
    href = node.attributes.get("href") if node else None
    try:
        return urljoin(base_url, href.strip()) if href else base_url
    except ValueError:
        return base_url


def _href(anchor: LexborNode, keep_routes: bool) -> str:
    """Where it leads, without a fragment that is no route; nothing if it is not to be followed."""
    attributes = anchor.attributes
    if "nofollow" in (attributes.get("rel") or "").lower():
        return ""
    path, _, fragment = (attributes.get("href") or "").strip().partition("#")
    return f"{path}#{fragment}" if keep_routes and fragment.startswith(("/", "!")) else path.strip()


def _resolve(href: str, base: str) -> str | None:
    try:
        return _normalise(urljoin(base, href))
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def _normalise(url: str) -> str | None:
    """The page's URL, if it can be one; kept, because the pages of a site link to the same pages."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    url = normalise_url(url)
    if parts.fragment.strip("/!"):
        url += f"#{parts.fragment}"
    return url if len(url) <= MAX_URL_LENGTH and looks_like_page(url) else None
