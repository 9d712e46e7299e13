"""Rendering in the browser: pages a second compared with bare Playwright, and an application's routes.

Bare Playwright opens a tab for each page and waits for the document; our fetcher also waits for the page to settle,
scrolls, unfolds and serialises the visible content.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright
from rich.table import Table

from tasks.core.egress_policy import EgressPolicy
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.web.fetching.browsers import find_browser
from tasks.web.fetching.egress import open_gate
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tests.benchmarks import python_docs
from tests.benchmarks.crawl import Crawl, crawl, measuring, processor_s, served
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import ROOT
from tests.sites.application import TEXTS, serve_application

PAGES = 100
TABS = 3
LEAST_SHARE = 1.0
DOCSIFY = ROOT.parent / "shared" / "sites"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


async def run(scores: Scores) -> None:
    """Load static pages both ways; read an application; count a static site's pages in the browser."""
    try:
        folder = python_docs.find_docs(None)
    except python_docs.NoDocs as error:
        scores.console.print(f"static pages are left out: {error}")
    else:
        await _compare(scores, folder)
    async with serve_application("hash") as site:
        found = await crawl("application", f"{site.url}/", 10 * len(TEXTS))
        scores.holds("application: all routes read", found.pages == len(TEXTS), f"{found.pages} of {len(TEXTS)}")
    await _read_docsify(scores)


async def _compare(scores: Scores, folder: Path) -> None:
    async with served(folder) as url:
        urls = [f"{url}{name}" for name in _names(folder)]
        ways = [await _load_bare(urls, way) for way in ("load", "load and content")]
        ways.append(await _load_ours(urls))
    table = Table("", "pages", "pages/s", "ms of processor/page", title=f"Static pages in the browser, {TABS} tabs")
    for way in ways:
        table.add_row(way.name, str(way.pages), f"{way.speed:.1f}", f"{1000 * way.cpu_s / way.pages:.0f}")
    scores.console.print(table)
    share = ways[-1].speed / ways[0].speed
    scores.at_least("rendered pages/s, as a part of bare Playwright's", share, LEAST_SHARE, "×")


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))[:PAGES]


async def _load_bare(urls: list[str], name: str) -> Crawl:
    """Load the pages with plain Playwright, a tab for each."""
    result = Crawl(f"bare Playwright, {name}", urls)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(settings), args=list(_FLAGS))
        context = await browser.new_context(viewport={"width": 1440, "height": 900})

        async def load(url: str) -> None:
            await _load(context, url, with_content=name != "load")

        await _measure(result, load)
        await browser.close()
    return result


async def _load(context: BrowserContext, url: str, *, with_content: bool) -> None:
    page = await context.new_page()
    await page.goto(url, wait_until="domcontentloaded")
    if with_content:
        await page.content()
    await page.close()


async def _load_ours(urls: list[str]) -> Crawl:
    result = Crawl("ours: settled, scrolled, unfolded, serialised", urls)
    settings = Settings(egress_allow="127.0.0.0/8", browser_extract_workers=TABS, _env_file=None)  # type: ignore[arg-type, call-arg]
    async with open_gate(EgressPolicy(settings.egress_allow)) as gate, open_rendered_fetcher(settings, gate) as fetcher:
        await _measure(result, _reading_with(fetcher))
    return result


def _reading_with(fetcher: RenderedFetcher) -> Callable[[str], Awaitable[None]]:
    async def read(url: str) -> None:
        await fetcher.fetch(Target(url=url, depth=1))

    return read


async def _measure(result: Crawl, load: Callable[[str], Awaitable[None]]) -> None:
    """Load all pages, some at once; the first one, which starts the browser, is not counted."""
    first, *rest = result.urls
    await load(first)
    waiting = deque(rest)

    async def work() -> None:
        while waiting:
            await load(waiting.popleft())
            result.pages += 1

    with measuring(result):
        await asyncio.gather(*(work() for _ in range(TABS)))
        result.cpu_s = processor_s() - result.cpu_s


async def _read_docsify(scores: Scores) -> None:
    """Read a site rendered by docsify, if there is a copy: each file in its sidebar is a route."""
    folder = next((path for path in (DOCSIFY / "docsify", python_docs.BENCH / "docsify") if path.is_dir()), None)
    if folder is None:
        scores.console.print(f"docsify is left out: fetch it with {DOCSIFY / 'get'} {python_docs.BENCH} docsify")
        return
    routes = {path.stem for path in folder.glob("[!_R]*.md")}
    async with served(folder) as url:
        found = await crawl("docsify", url, 300)
    read = {fetched.rpartition("#/")[2] for fetched in found.urls if "#/" in fetched}
    scores.holds("docsify: all routes found and read", routes <= read, f"{len(routes & read)} of {len(routes)}")
    how = ", ".join(f"{number} {name}" for name, number in found.methods.items())
    scores.console.print(f"docsify: {found.pages} pages in {found.seconds:.1f} s ({how})")
