"""Links on a page."""

from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.urls import looks_like_page, normalise_url

MAX_LINKS = 10_000
"""Links read from one page; a page with more is a trap or a dump."""
MAX_URL_LENGTH = 2_048


def list_links(html: str, base_url: str) -> list[str]:
    """Links to follow, absolute and normalised, each once, in document order.

    `<base>` is respected; `rel=nofollow`, other schemes and files that are no pages are left out.
    """
    tree = LexborHTMLParser(html)
    base = _base(tree, base_url)
    found: dict[str, None] = {}
    for anchor in tree.css("a[href], area[href]")[:MAX_LINKS]:
        if url := _resolve(anchor, base):
            found[url] = None
    return list(found)


def _base(tree: LexborHTMLParser, base_url: str) -> str:
    node = tree.css_first("base[href]")
    href = node.attributes.get("href") if node else None
    try:
        return urljoin(base_url, href.strip()) if href else base_url
    except ValueError:
        return base_url


def _resolve(anchor: LexborNode, base: str) -> str | None:
    href = (anchor.attributes.get("href") or "").strip()
    if not href or href.startswith("#") or "nofollow" in (anchor.attributes.get("rel") or "").lower():
        return None
    try:
        url = urljoin(base, href)
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname or "@" in urlsplit(url).netloc:
            return None
        url = normalise_url(url)
    except ValueError:
        return None
    return url if len(url) <= MAX_URL_LENGTH and looks_like_page(url) else None
