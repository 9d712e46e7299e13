"""Links on a page, with their text and the region of the page they stand in."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from can_ada import URL
from selectolax.lexbor import LexborNode

from tasks.core.html_source import parse_html
from tasks.core.models import FetchedPage, FetchMethod, Link
from tasks.web.crawl.directives import forbids_following
from tasks.web.crawl.urls import ROUTES, is_source_of, looks_like_page, parse_base, resolve_url

MAX_LINKS = 10_000
"""Links read from one page; a page with more is a trap or a dump."""
MAX_OTHERS = 1_000
"""Elements read from one page that lead somewhere without being links."""
MAX_TEXT = 80
"""Characters kept of a link's text."""

_SELECTOR = (
    "a, area[href], base[href], link[rel~=alternate][href], link[rel~=next i][href], iframe[src], frame[src],"
    "meta[http-equiv=refresh i][content], [onclick], [data-href], [role]"
)
"""Elements with links or regions, selected in one pass over the document."""
_GOES_TO = re.compile(
    r"(?:location(?:\.href)?\s*=|location\.(?:assign|replace)\s*\(|window\.open\s*\()\s*"
    r"(?P<quote>['\"])(?P<url>[^'\"\s<>\\]{1,500})(?P=quote)\s*(?:[;,)}]|$)"
)
"""A script that opens a plain address; an address put together by the script is none."""
_REFRESH = re.compile(r"^\s*[\d.]*\s*[;,]?\s*url\s*=\s*['\"]?(?P<url>[^'\"]+)", re.IGNORECASE)
_LEADING = ("link", "iframe", "frame", "meta")
REFRESH = "refresh"
"""Key of the header `Refresh` in a fetched page's metadata."""
_FEEDS = ("application/rss+xml", "application/atom+xml")
_REGIONS = {"nav": "nav", "header": "header", "footer": "footer", "aside": "aside", "main": "main", "article": "main"}
_ROLES = {
    "navigation": "nav",
    "banner": "header",
    "contentinfo": "footer",
    "complementary": "aside",
    "main": "main",
}


def links_of(page: FetchedPage) -> tuple[Link, ...]:
    """Return the links to follow from a page; none if its robots directives say `nofollow`.

    Routes of a page rendered by scripts (`#/…`) count as pages if the browser has rendered it.
    """
    if forbids_following(page):
        return ()
    is_home, is_rendered = page.target.depth == 0, page.method is FetchMethod.browser
    found = list_links(page.html, page.final_url, keep_routes=is_rendered, with_context=is_home)
    url = _resolve(_refreshed(str(page.metadata.get(REFRESH) or "")), page.final_url)
    return tuple(found if url is None or url in {link.url for link in found} else [Link(url, "", "main"), *found])


def _refreshed(value: str) -> str:
    """Return the address in a `Refresh` header or its meta element; empty if it only reloads the page."""
    found = _REFRESH.match(value)
    return found["url"].strip() if found else ""


def _resolve(href: str, base_url: str) -> str | None:
    base = parse_base(base_url)
    return resolve_url(href, base) if href and base else None


def list_links(html: str, base_url: str, *, keep_routes: bool = False, with_context: bool = True) -> list[Link]:
    """List the links to follow, absolute, each URL once, in document order; alternates in other languages last.

    `<base>` is respected; `rel=nofollow`, other schemes and files that are no pages are left out. Text and
    region take time and matter on the home page only, so they are read `with_context`.
    """
    elements = _LinkElements(html, base_url)
    found: dict[str, Link] = {}
    anchors = elements.anchor_parameters(base_url) if keep_routes else frozenset()
    for anchor, href, language in elements.hrefs(keep_routes):
        url = resolve_url(href, elements.base, keep_route=keep_routes) if elements.base else None
        if url and anchors:
            url = _without_anchor(url, anchors)
        if url and url not in found and looks_like_page(url) and not is_source_of(url, base_url):
            text, region = (_text(anchor), elements.region_of(anchor)) if with_context else ("", "main")
            found[url] = Link(url, text, region, language)
    for href, language in elements.alternates():
        if elements.base and (url := resolve_url(href, elements.base)):
            found.setdefault(url, Link(url, "", "head", language))
    return list(found.values())


def list_feeds(html: str, base_url: str) -> list[str]:
    """List the feeds (RSS, Atom) that the page declares."""
    elements = _LinkElements(html, base_url)
    urls = (resolve_url(href, elements.base) for href in elements.feeds() if elements.base)
    return [url for url in urls if url]


def _without_anchor(url: str, parameters: frozenset[str]) -> str:
    """Return a route without the one parameter that names a position on its page."""
    route, _, query = url.partition("?") if "#" in url.partition("?")[0] else (url, "", "")
    return route if query.partition("=")[0] in parameters and "&" not in query else url


def _text(anchor: LexborNode) -> str:
    return " ".join(anchor.text()[: 4 * MAX_TEXT].split())[:MAX_TEXT]


def _href(attributes: Mapping[str, str | None]) -> str:
    """Return a link's address; links in an `svg` may have it under its older name."""
    return attributes.get("href") or attributes.get("xlink:href") or ""


def _other_target(tag: str, attributes: Mapping[str, str | None]) -> str:
    """Return the address that an element leads to without being a link: the next page, a frame, a script's target."""
    if tag == "link":
        return (attributes.get("href") or "") if "next" in (attributes.get("rel") or "").lower().split() else ""
    if tag in ("iframe", "frame"):
        return attributes.get("src") or ""
    if tag == "meta":
        return _refreshed(attributes.get("content") or "")
    if tag == "a" and (attributes.get("href") or "").strip("# ") not in ("", "javascript:void(0)", "javascript:;"):
        return ""
    found = _GOES_TO.search(attributes.get("onclick") or "")
    return found["url"] if found else attributes.get("data-href") or ""


class _LinkElements:
    """The elements of a document that hold links or mark regions."""

    def __init__(self, html: str, base_url: str) -> None:
        self._tree = parse_html(html)
        self._nodes: dict[str, list[LexborNode]] = {"a": [], "area": [], "base": [], "link": []}
        self._others: list[tuple[LexborNode, str]] = []
        """Elements that lead somewhere without being links, with the address as written."""
        self._regions: dict[int, str] = {}
        self._ids: set[str] = set()
        is_scripted = "onclick" in html.lower() or "data-href" in html
        for node in self._tree.css(_SELECTOR):
            if (tag := node.tag or "") in self._nodes:
                self._nodes[tag].append(node)
            elif region := _ROLES.get(node.attributes.get("role") or ""):
                self._regions[node.mem_id] = region
            # Most elements here are plain links, whose attributes need not be read twice.
            may_lead = (is_scripted or tag in _LEADING) and len(self._others) < MAX_OTHERS
            if may_lead and (href := _other_target(tag, node.attributes)):
                self._others.append((node, href))
        self.base = self._base(base_url)

    def _base(self, base_url: str) -> URL | None:
        url = parse_base(base_url)
        href = self._nodes["base"][0].attributes.get("href") if self._nodes["base"] else None
        try:
            return url + href if url and href else url
        except ValueError:
            return url

    def hrefs(self, keep_routes: bool) -> Iterator[tuple[LexborNode, str, str]]:
        """List the anchors to follow with href and language, one for each href without its fragment."""
        seen = {""}
        anchors = [(node, _href(node.attributes)) for node in (*self._nodes["a"], *self._nodes["area"])[:MAX_LINKS]]
        for anchor, written in (*anchors, *self._others):
            attributes = anchor.attributes
            href = written.strip()
            path, _, fragment = href.partition("#")
            if not (keep_routes and f"#{fragment}".startswith(ROUTES)):
                href = path
            if href in seen or "nofollow" in (attributes.get("rel") or "").lower():
                continue
            # Compared as written, before they are resolved: most links of a page differ in the fragment alone.
            seen.add(href)
            yield anchor, href, (attributes.get("hreflang") or "").strip().lower()

    def anchor_parameters(self, page_url: str) -> frozenset[str]:
        """Return the parameters that name positions in this application: `#/guide?id=install` on `#/guide`.

        They show in links from a route to itself whose value is, mostly, the id of an element.
        """
        own = "#" + page_url.partition("#")[2].partition("?")[0]
        found = Counter[str]()
        for anchor in self._nodes["a"][:MAX_LINKS]:
            route, _, query = (anchor.attributes.get("href") or "").partition("?")
            name, _, value = query.partition("=")
            if name and value and "&" not in value and route.endswith(own) and own.startswith(ROUTES):
                found[name] += 1 if self._has_id(value) else -1
        return frozenset(+found)

    def _has_id(self, value: str) -> bool:
        """Whether an element has this id."""
        self._ids = self._ids or {node.id for node in self._tree.css("[id]") if node.id}
        return unquote(value) in self._ids

    def alternates(self) -> Iterator[tuple[str, str]]:
        """List the page's alternates in other languages, with their language."""
        for node in self._nodes["link"]:
            attributes = node.attributes
            if (language := attributes.get("hreflang")) and "next" not in (attributes.get("rel") or "").lower().split():
                yield attributes.get("href") or "", language.strip().lower()

    def feeds(self) -> Iterator[str]:
        """List the declared feeds."""
        for node in self._nodes["link"]:
            attributes = node.attributes
            if attributes.get("type") in _FEEDS:
                yield attributes.get("href") or ""

    def region_of(self, node: LexborNode) -> str:
        """Return the nearest region around the element; it is cached for all elements in between."""
        passed: list[int] = []
        above, region = node.parent, None
        while above is not None and region is None:
            region = self._regions.get(above.mem_id) or _REGIONS.get(above.tag or "")
            passed.append(above.mem_id)
            above = above.parent
        self._regions |= dict.fromkeys(passed, region or "main")
        return region or "main"
