"""Prefect's server away for minutes in a build: it takes connections and does not answer, then it is killed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import psutil
from aiohttp import web

from tasks.core.database import CONNECTION_ERRORS
from tasks.records.builds import read_build
from tests.benchmarks.scores import Scores
from tests.product import PATH, Product
from tests.sites.generated import plan_links, render_page
from tests.sites.server import serve_handler

OUTAGE_S = 300.0
ANSWER_S = 3.0
"""Seconds that each page takes, so that the build is longer than the outage; robots.txt and home page come at once."""
PAGES_A_S = 9
FEWEST_PAGES = 120
MOST_PAGES = 3_000
END_S = 600.0
"""Seconds that the build may take beside the outage."""


@dataclass
class Outage:
    """An outage and what became of the build."""

    seconds: float
    pages: int = 0
    """Pages of the site."""
    asked: int = 0
    """Pages that were asked for while the server was away."""
    status: str = "not begun"
    stored: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def judge(self, scores: Scores) -> None:
        """Add the figures with their targets."""
        scores.at_least(f"pages asked for in {self.seconds:.0f} s without Prefect", self.asked, 1, "")
        scores.holds("the build outlives the outage", self.status == "completed", self.status)
        scores.at_least("its pages stored", self.stored, self.pages, f"of {self.pages}")
        numbers = [event["seq"] for event in self.events]
        scores.holds("its events are without a gap", numbers == list(range(1, len(numbers) + 1)))


@dataclass
class _SlowSite:
    """A generated site that counts the pages asked for."""

    links: dict[str, list[str]]
    asked: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer slowly, but for the home page and what is not there."""
        if request.path not in self.links:
            return web.Response(status=404)
        self.asked += 1
        await asyncio.sleep(ANSWER_S if request.path != "/" else 0)
        return web.Response(text=render_page(request.path, self.links, 9), content_type="text/html")


async def hold_prefect(product: Product, find: Callable[[], psutil.Process], outage: Outage) -> None:
    """Begin a build, hold Prefect's server still for so long, kill it, and wait for the build's end."""
    outage.pages = min(max(FEWEST_PAGES, int(outage.seconds * PAGES_A_S)), MOST_PAGES)
    site = _SlowSite(plan_links(outage.pages, 3))
    async with serve_handler(site.answer) as url, asyncio.timeout(outage.seconds + END_S):
        build_id = await _begin(product, {"url": url, "depth": 3, "max_pages": outage.pages})
        while site.asked < FEWEST_PAGES // 8 and not await _is_over(product, build_id, outage):
            await asyncio.sleep(0.5)
        before = site.asked
        find().suspend()
        try:
            await asyncio.sleep(outage.seconds)
        finally:
            outage.asked = site.asked - before
            find().kill()
        while not await _is_over(product, build_id, outage):
            await asyncio.sleep(1)
    with suppress(httpx.HTTPError):
        outage.events = await product.replay(str(build_id))


async def _begin(product: Product, wanted: dict[str, Any]) -> UUID:
    """Begin a build; the API may just have been killed."""
    while True:
        with suppress(httpx.HTTPError):
            async with product.http.stream("POST", PATH, json=wanted) as started:
                if started.is_success:
                    return UUID(started.headers["x-build-id"])
        await asyncio.sleep(1)


async def _is_over(product: Product, build_id: UUID, outage: Outage) -> bool:
    with suppress(*CONNECTION_ERRORS):
        build = await read_build(product.pool, build_id)
        outage.status, outage.stored = build.status, int((build.statistics or {}).get("stored_pages", 0))
        return build.is_over
    return False
