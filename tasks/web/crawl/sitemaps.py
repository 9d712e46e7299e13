"""What a site itself says of its pages: sitemaps, `llms.txt`, feeds.

All are hints: bounded in size, number, depth and time, and whatever is wrong with one is passed over.
"""

import asyncio
import logging
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import chain, islice
from urllib.parse import urljoin

from lxml import etree

from tasks.core.models import Link
from tasks.web.crawl.urls import clean_url, in_scope, looks_like_page, page_key

logger = logging.getLogger("widget_builder.web")

MAX_FILES = 50
"""Sitemaps read of one site."""
MAX_DEPTH = 3
"""Indexes of indexes of indexes."""
MAX_BYTES = 50 * 1024**2
"""Of one sitemap, decompressed (the protocol's own limit)."""
MAX_ENTRIES = 20_000
"""Read of one file."""
MAX_SECONDS = 30.0
"""Then the site's pages are looked for without the rest."""
MAX_FEEDS = 2

Read = Callable[[str], Awaitable[bytes | None]]
"""The body at a URL, or nothing if there is none to be had."""
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]*)\]\(\s*<?([^)>\s]+)")


async def find_hints(
    read: Read, site_url: str, sitemaps: list[str], feeds: list[str], belongs: Callable[[str], bool], most: int
) -> list[Link]:
    """URLs that sitemaps (those named, or `/sitemap.xml`), `llms.txt` and feeds name; `most` of each kind.

    `belongs` says which may be read at all: the hosts of sitemaps are as free as those of links.
    """
    sources = (
        _in_index(read, site_url),
        _in_sitemaps(read, site_url, sitemaps, belongs, most),
        _in_feeds(read, site_url, feeds),
    )
    # All at once, as a slow site would keep us waiting for one after the other; told in this order.
    lists: list[list[Link]] = [[] for _ in sources]
    try:
        async with asyncio.timeout(MAX_SECONDS), asyncio.TaskGroup() as group:
            for source, links in zip(sources, lists, strict=True):
                group.create_task(_gather(source, links))
    except TimeoutError:
        logger.info("the sitemaps of %s took longer than %g s", site_url, MAX_SECONDS)
    found: dict[str, Link] = {}
    for link in chain.from_iterable(lists):
        found.setdefault(page_key(link.url), link)
    return list(found.values())


async def _gather(source: AsyncIterator[Link], links: list[Link]) -> None:
    async for link in source:
        links.append(link)


async def _in_index(read: Read, site_url: str) -> AsyncIterator[Link]:
    for link in _in_markdown(await read(urljoin(site_url, "/llms.txt")) or b"", site_url):
        yield link


async def _in_feeds(read: Read, site_url: str, feeds: list[str]) -> AsyncIterator[Link]:
    for feed in feeds[:MAX_FEEDS]:
        if in_scope(feed, site_url) and (body := await read(feed)):
            for link in _in_feed(body, feed):
                yield link


async def _in_sitemaps(
    read: Read, site_url: str, sitemaps: list[str], belongs: Callable[[str], bool], most: int
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
        if not (body := await read(url)):
            continue
        # A large one takes the processor for a second.
        nested, links = await asyncio.to_thread(parse_sitemap, body, url)
        if depth < MAX_DEPTH:
            waiting += [(inner, depth + 1) for inner in nested]
        for link in links:
            if count >= most:
                return
            count += belongs(link.url)
            yield link


def parse_sitemap(body: bytes, url: str) -> tuple[list[str], list[Link]]:
    """The sitemaps and the pages that a sitemap names: XML (index or not), text, also gzipped."""
    body = _decompressed(body)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = body.decode("utf-8-sig", "replace").split()
        return [], [link for line in lines if line.startswith("http") and (link := _link(line, url))]
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
    """Elements of these names, with the text (or the `href`) of what is in them."""
    # No entities, no network, no document type: what is wrong with the file ends it.
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
                element.clear()
                while element.getprevious() is not None and (parent := element.getparent()) is not None:
                    del parent[0]


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


def _priority(fields: dict[str, str]) -> float | None:
    try:
        return min(max(float(fields["priority"]), 0.0), 1.0)
    except (KeyError, ValueError):
        return None


def _in_feed(body: bytes, url: str) -> Iterator[Link]:
    for _, fields in _entries(_decompressed(body), ("item", "entry")):
        if (location := fields.get("link", "")) and (link := _link(location, url, region="feed")):
            yield link


def _in_markdown(body: bytes, url: str) -> Iterator[Link]:
    """Links of an `llms.txt`; one to a page's Markdown means the page."""
    if body.lstrip().startswith(b"<"):
        return
    for text, target in _MARKDOWN_LINK.findall(body[:1_000_000].decode("utf-8-sig", "replace")):
        page = re.sub(r"(\.html?)\.md$|/index\.md$", lambda match: match[1] or "/", target)
        if link := _link(page, url, text=text[:80], region="llms"):
            yield link


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
    """The body without gzip, as far as it is within bounds."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
    except zlib.error:
        return b""
