"""Hints: the URLs that a site lists itself, in sitemaps, `llms.txt` and feeds.

Hints are bounded in size, number, depth and time. A hint that fails, however it does, is left out: those found before
it and those in the other files stay.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import chain
from typing import Protocol, TypeVar
from urllib.parse import urljoin

from tasks.core.models import Link
from tasks.web.crawl.hint_files import parse_feed, parse_llms_txt, parse_sitemap
from tasks.web.crawl.urls import in_scope, page_key

logger = logging.getLogger("widget_builder.web")

MAX_FILES = 50
"""Sitemap files read of one site."""
MAX_DEPTH = 3
"""Nesting of sitemap indexes that is followed."""
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
                group.create_task(_collect(site_url, source, links))
    except TimeoutError:
        logger.info(
            "the sitemaps of %s took longer than %g s; the crawl goes on without the rest", site_url, MAX_SECONDS
        )
    found: dict[str, Link] = {}
    for link in chain.from_iterable(lists):
        found.setdefault(page_key(link.url), link)
    return list(found.values())


async def _collect(site_url: str, source: AsyncIterator[Link], links: list[Link]) -> None:
    try:
        async for link in source:
            links.append(link)
    except Exception:  # whatever it is, a hint is all that is lost
        logger.warning("some hints of %s are left out", site_url, exc_info=True)


async def _read_hint(
    fetch: FetchBody, parse: ParseBody, parser: Callable[[bytes, str], R], url: str, base: str = ""
) -> R | None:
    """Return the parsed file, or nothing if that fails."""
    try:
        body = await fetch(url)
        return await parse(parser, body, base or url) if body else None
    except Exception:  # whatever it is, a hint is all that is lost
        logger.warning("the hints in %s are left out", url, exc_info=True)
        return None


async def _llms_txt_links(fetch: FetchBody, parse: ParseBody, site_url: str) -> AsyncIterator[Link]:
    for link in await _read_hint(fetch, parse, parse_llms_txt, urljoin(site_url, "/llms.txt"), site_url) or ():
        yield link


async def _feed_links(fetch: FetchBody, parse: ParseBody, site_url: str, feeds: list[str]) -> AsyncIterator[Link]:
    for feed in [feed for feed in feeds if _is_of_site(feed, site_url)][:MAX_FEEDS]:
        for link in await _read_hint(fetch, parse, parse_feed, feed) or ():
            yield link


async def _sitemap_links(
    fetch: FetchBody,
    parse: ParseBody,
    site_url: str,
    sitemaps: list[str],
    is_allowed: Callable[[str], bool],
    limit: int,
) -> AsyncIterator[Link]:
    named = [url for sitemap in sitemaps if (url := _absolute(sitemap, site_url))]
    waiting = [(url, 0) for url in named or [urljoin(site_url, "/sitemap.xml")]]
    count = 0
    seen: set[str] = set()
    while waiting and len(seen) < MAX_FILES:
        url, depth = waiting.pop(0)
        if url in seen or not _is_of_site(url, site_url):
            continue
        seen.add(url)
        nested, links = await _read_hint(fetch, parse, parse_sitemap, url) or ([], [])
        if depth < MAX_DEPTH:
            waiting += [(inner, depth + 1) for inner in nested]
        for link in links:
            if count >= limit:
                return
            count += is_allowed(link.url)
            yield link


def _absolute(url: str, base: str) -> str | None:
    try:
        return urljoin(base, url)
    except ValueError:
        return None


def _is_of_site(url: str, site_url: str) -> bool:
    try:
        return in_scope(url, site_url)
    except ValueError:
        return False
