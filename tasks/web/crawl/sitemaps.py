"""Hints: the URLs that a site lists itself, in sitemaps, `llms.txt` and feeds.

Hints are bounded in size, number, depth and time. A faulty one is ignored.
"""

import asyncio
import logging
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import chain, islice
from typing import Protocol, TypeVar
from urllib.parse import urljoin

from lxml import etree

from tasks.core.models import Link
from tasks.web.crawl.urls import clean_url, in_scope, looks_like_page, page_key

logger = logging.getLogger("widget_builder.web")

MAX_FILES = 50
"""Sitemap files read of one site."""
MAX_DEPTH = 3
"""Nesting of sitemap indexes that is followed."""
MAX_BYTES = 50 * 1024**2
"""Bytes of one sitemap, decompressed (the protocol's own limit)."""
MAX_ENTRIES = 20_000
"""Entries read of one file."""
MAX_SECONDS = 30.0
"""Time for all hints together; the crawl goes on without those that come later."""
MAX_FEEDS = 2
"""Feeds read of one site."""

FetchBody = Callable[[str], Awaitable[bytes | None]]
"""Fetches the body at a URL; returns nothing if that fails."""
R = TypeVar("R")


class ParseBody(Protocol):
    """Calls a parser with a body and its URL, within limits; returns nothing if that fails."""

    async def __call__(self, parse: Callable[[bytes, str], R], body: bytes, url: str, /) -> R | None:
        """Return the parser's result."""


_MARKDOWN_LINK = re.compile(r"\[([^\]\n]{0,500})\]\(\s{0,9}<?([^)>\s]{1,2000})")


async def find_hints(
    fetch: FetchBody,
    parse: ParseBody,
    site_url: str,
    sitemaps: list[str],
    feeds: list[str],
    is_allowed: Callable[[str], bool],
    limit: int,
) -> list[Link]:
    """Return the URLs in `llms.txt`, the sitemaps (those given, or `/sitemap.xml`) and the feeds.

    At most `limit` URLs of the sitemaps count that `is_allowed`: a sitemap may list URLs on any host.
    """
    sources = (
        _llms_txt_links(fetch, parse, site_url),
        _sitemap_links(fetch, parse, site_url, sitemaps, is_allowed, limit),
        _feed_links(fetch, parse, site_url, feeds),
    )
    # At once, because on a slow site each takes long; the order of the result is always the same.
    lists: list[list[Link]] = [[] for _ in sources]
    try:
        async with asyncio.timeout(MAX_SECONDS), asyncio.TaskGroup() as group:
            for source, links in zip(sources, lists, strict=True):
                group.create_task(_collect(source, links))
    except TimeoutError:
        logger.info(
            "the sitemaps of %s took longer than %g s; the crawl goes on without the rest", site_url, MAX_SECONDS
        )
    found: dict[str, Link] = {}
    for link in chain.from_iterable(lists):
        found.setdefault(page_key(link.url), link)
    return list(found.values())


async def _collect(source: AsyncIterator[Link], links: list[Link]) -> None:
    async for link in source:
        links.append(link)


async def _llms_txt_links(fetch: FetchBody, parse: ParseBody, site_url: str) -> AsyncIterator[Link]:
    if body := await fetch(urljoin(site_url, "/llms.txt")):
        for link in await parse(parse_llms_txt, body, site_url) or ():
            yield link


async def _feed_links(fetch: FetchBody, parse: ParseBody, site_url: str, feeds: list[str]) -> AsyncIterator[Link]:
    for feed in feeds[:MAX_FEEDS]:
        if in_scope(feed, site_url) and (body := await fetch(feed)):
            for link in await parse(parse_feed, body, feed) or ():
                yield link


async def _sitemap_links(
    fetch: FetchBody,
    parse: ParseBody,
    site_url: str,
    sitemaps: list[str],
    is_allowed: Callable[[str], bool],
    limit: int,
) -> AsyncIterator[Link]:
    named = [urljoin(site_url, sitemap) for sitemap in sitemaps] or [urljoin(site_url, "/sitemap.xml")]
    waiting = [(url, 0) for url in named]
    count = 0
    seen: set[str] = set()
    while waiting and len(seen) < MAX_FILES:
        url, depth = waiting.pop(0)
        if url in seen or not in_scope(url, site_url):
            continue
        seen.add(url)
        if not (body := await fetch(url)):
            continue
        nested, links = await parse(parse_sitemap, body, url) or ([], [])
        if depth < MAX_DEPTH:
            waiting += [(inner, depth + 1) for inner in nested]
        for link in links:
            if count >= limit:
                return
            count += is_allowed(link.url)
            yield link


def parse_sitemap(body: bytes, url: str) -> tuple[list[str], list[Link]]:
    """Return the nested sitemaps and the pages in a sitemap: XML (index or not) or text, also gzipped."""
    body = _decompressed(body)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = body.decode("utf-8-sig", "replace").split()
        return [], [link for line in lines[:MAX_ENTRIES] if line.startswith("http") and (link := _link(line, url))]
    nested: list[str] = []
    links: list[Link] = []
    for tag, fields in islice(_entries(body, ("sitemap", "url")), MAX_ENTRIES):
        location = fields.get("loc", "")
        if tag == "sitemap" and location:
            nested.append(urljoin(url, location))
        elif location and (
            link := _link(location, url, priority=_priority(fields), modified=fields.get("lastmod", "")[:25])
        ):
            links.append(link)
    return nested, links


def _entries(body: bytes, tags: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """List the elements with these tags, with the text or `href` of each child."""
    # No entities, network or DTD: the file comes from strangers.
    parser = etree.XMLPullParser(
        ("end",), recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    for start in range(0, len(body), 65_536):
        try:
            parser.feed(body[start : start + 65_536])
        except etree.XMLSyntaxError:
            return
        for _, element in parser.read_events():
            if (tag := _name(element)) in tags:
                yield tag, {_name(child): (child.text or child.get("href") or "").strip() for child in element}
                # What was read is freed: the tree of a large sitemap must not stay in memory.
                element.clear()
                while element.getprevious() is not None and (parent := element.getparent()) is not None:
                    del parent[0]


def _name(element: etree._Element) -> str:
    # Not by `etree.QName`: it refuses the name of an element whose prefix was never declared.
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


def _priority(fields: dict[str, str]) -> float | None:
    try:
        return min(max(float(fields["priority"]), 0.0), 1.0)
    except (KeyError, ValueError):
        return None


def parse_feed(body: bytes, url: str) -> list[Link]:
    """Return the pages in a feed: RSS or Atom."""
    links: list[Link] = []
    for _, fields in _entries(_decompressed(body), ("item", "entry")):
        if (location := fields.get("link", "")) and (link := _link(location, url, region="feed")):
            links.append(link)
    return links


def parse_llms_txt(body: bytes, url: str) -> list[Link]:
    """Return the links of an `llms.txt`; a link to a page's Markdown (`….html.md`) means the page."""
    links: list[Link] = []
    if body.lstrip().startswith(b"<"):
        return links
    for text, target in _MARKDOWN_LINK.findall(body[:1_000_000].decode("utf-8-sig", "replace")):
        page = re.sub(r"(\.html?)\.md$|/index\.md$", lambda match: match[1] or "/", target)
        if link := _link(page, url, text=text[:80], region="llms"):
            links.append(link)
    return links


def _link(
    location: str,
    base: str,
    *,
    text: str = "",
    region: str = "sitemap",
    priority: float | None = None,
    modified: str = "",
) -> Link | None:
    url = clean_url(location) or clean_url(urljoin(base, location))
    return Link(url, text, region, "", priority, modified) if url and looks_like_page(url) else None


def _decompressed(body: bytes) -> bytes:
    """Decompress a gzipped body, at most `MAX_BYTES` of it."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
    except zlib.error:
        return b""
