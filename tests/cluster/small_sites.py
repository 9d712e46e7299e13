"""Small sites on loopback that count the requests they are answering."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.sites.generated import plan_links, render_page
from tests.sites.server import Handler, serve_handler

LINKS_DEEP = 2
DELAY_S = 0.5
"""Seconds that each answer takes: long enough for requests of several builds to meet."""


@dataclass
class Tally:
    """Requests being answered, and the most there were at once."""

    now: int = 0
    most: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as long as the context lasts."""
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield
        finally:
            self.now -= 1


@dataclass
class SmallSite:
    """A running site."""

    paths: frozenset[str]
    url: str = ""
    tally: Tally = field(default_factory=Tally)
    """Pages being answered."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests of each path."""


@dataclass
class SmallSites:
    """All sites."""

    each: list[SmallSite] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    """Pages being answered by all together."""


@asynccontextmanager
async def serve_small_sites(number: int, pages: int) -> AsyncIterator[SmallSites]:
    """Serve so many sites of so many pages, each with words and a port of its own."""
    sites, links = SmallSites(), plan_links(pages, LINKS_DEEP)
    async with AsyncExitStack() as stack:
        for seed in range(number):
            site = SmallSite(frozenset(links))
            site.url = await stack.enter_async_context(serve_handler(_answer_with(sites, site, links, seed)))
            sites.each.append(site)
        yield sites


def _answer_with(sites: SmallSites, site: SmallSite, links: dict[str, list[str]], seed: int) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        site.requests[request.path] += 1
        if request.path not in links:
            return web.Response(status=404, text="Not found")
        with site.tally.counted(), sites.tally.counted():
            await asyncio.sleep(DELAY_S)
        return web.Response(text=render_page(request.path, links, seed), content_type="text/html")

    return answer
