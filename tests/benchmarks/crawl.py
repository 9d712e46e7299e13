"""Crawl and content extraction alone, without embedding, database and Prefect, compared with Crawl4AI in one run.

Crawl4AI is compared if it is installed: here, or in the Python at `WIDGET_BUILDER_BENCH_CRAWL4AI`. It is given the URLs
that our crawler had to find.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table

from tasks.core.errors import PageError
from tasks.core.models import FetchedPage, ReadPage, Target
from tasks.core.processes import Processes, open_processes
from tasks.core.settings import Settings
from tasks.web.content.main_content import read_page
from tasks.web.crawl.links import links_of
from tasks.web.crawl.urls import in_scope
from tasks.web.reader import Web, open_web
from tests.benchmarks import python_docs
from tests.benchmarks.scores import Scores

PAGES = 500
LANES = 15
CHILDREN = 2
READ_S = 30.0
PEER_AT_ONCE = 10
"""Concurrency at which Crawl4AI is fastest on this machine."""
TIMES_THE_PEER = 3.0
PEER = "WIDGET_BUILDER_BENCH_CRAWL4AI"


@dataclass
class Crawl:
    """A crawl's URLs, pages, time and processor time."""

    name: str
    urls: list[str] = field(default_factory=list)
    pages: int = 0
    methods: Counter[str] = field(default_factory=Counter)
    seconds: float = 0
    cpu_s: float = 0
    """Processor seconds of all processes of the crawler."""

    @property
    def speed(self) -> float:
        """Pages a second."""
        return self.pages / self.seconds


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serve the folder on loopback and yield its URL; by a separate process, so that its time is not counted."""
    command = (sys.executable, "-m", "tests.sites.server", str(folder))
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    try:
        yield (await server.stdout.readline()).decode().strip()
    finally:
        server.terminate()
        await server.wait()


async def crawl(name: str, url: str, pages: int, **settings: Any) -> Crawl:
    """Crawl a site and extract the content of at most `pages` pages, as the product does."""
    result = Crawl(name)
    options = Settings(egress_allow="127.0.0.0/8", _env_file=None, **settings)  # type: ignore[arg-type, call-arg]
    with open_processes(CHILDREN, "tasks.web.content.main_content") as processes, measuring(result):
        async with open_web(options) as web:
            await _Crawler(web, processes, result, pages).run(url)
            result.cpu_s = processor_s() - result.cpu_s
    return result


class _Crawler:
    """A breadth-first crawler with as many workers as a build has."""

    def __init__(self, web: Web, processes: Processes, result: Crawl, most: int) -> None:
        self._web = web
        self._processes = processes
        self._result = result
        self._most = most
        self._url = ""
        self._waiting: deque[Target] = deque()

    async def run(self, url: str) -> None:
        self._url = url
        self._result.urls.append(url)
        home = await self._web.load_home(Target(url=url, depth=0), "() => null")
        self._follow(home.page)
        await self._read(home.page)
        lanes: set[asyncio.Task[None]] = set()
        while self._waiting or lanes:
            while self._waiting and len(lanes) < LANES:
                lanes.add(asyncio.create_task(self._take(self._waiting.popleft())))
            done, lanes = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
            for lane in done:
                lane.result()

    async def _take(self, target: Target) -> None:
        try:
            page = await self._web.fetch(target)
            self._follow(page)
            await self._read(page)
        except (PageError, TimeoutError) as error:
            self._result.methods[type(error).__name__] += 1

    def _follow(self, page: FetchedPage) -> None:
        for link in links_of(page):
            url = link.url
            if url not in self._result.urls and in_scope(url, self._url) and len(self._result.urls) < self._most:
                self._result.urls.append(url)
                self._waiting.append(Target(url=url, depth=page.target.depth + 1))

    async def _read(self, page: FetchedPage) -> None:
        async with asyncio.timeout(READ_S):
            read: ReadPage = await asyncio.get_running_loop().run_in_executor(self._processes, read_page, page)
        self._result.pages += bool(read.markdown)
        self._result.methods[page.method] += 1


@contextmanager
def measuring(result: Crawl) -> Iterator[None]:
    """Measure the time of the block; `cpu_s` holds its start value until the block replaces it."""
    began, result.cpu_s = time.perf_counter(), processor_s()
    yield
    result.seconds = time.perf_counter() - began


def processor_s() -> float:
    """Return the processor seconds of this process and its descendants."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
        if process.pid != os.getpid():
            total += times.children_user + times.children_system
    return total


def find_peer() -> str | None:
    """Return a Python that has Crawl4AI installed, if there is one."""
    if named := os.environ.get(PEER):
        return named
    return sys.executable if find_spec("crawl4ai") else None


async def crawl_with_peer(python: str, name: str, urls: list[str], *, cdp_url: str = "") -> Crawl:
    """Crawl the same pages with Crawl4AI, which is given their URLs."""
    order = json.dumps({"urls": urls, "at_once": PEER_AT_ONCE, "cdp_url": cdp_url})
    with tempfile.TemporaryDirectory() as home:
        peer = await asyncio.create_subprocess_exec(
            python,
            str(Path(__file__).with_name("crawl4ai_peer.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "CRAWL4_AI_BASE_DIRECTORY": home},
        )
        output, _ = await peer.communicate(order.encode())
    found = json.loads(output.decode().strip().splitlines()[-1])
    return Crawl(name, urls, int(found["pages"]), seconds=found["seconds"], cpu_s=found["cpu_s"])


async def run(scores: Scores) -> None:
    """Crawl Python's documentation with our crawler and, if it is installed, with Crawl4AI."""
    try:
        folder = python_docs.find_docs(None)
    except python_docs.NoDocs as error:
        scores.console.print(f"left out: {error}")
        return
    async with served(folder) as url:
        ours = await crawl("ours", url, PAGES)
        crawls = [ours, await crawl("ours, rendering off", url, PAGES, render="never")]
        if peer := find_peer():
            crawls.append(await crawl_with_peer(peer, "Crawl4AI, HTTP mode", ours.urls))
    scores.console.print(_table(crawls))
    browser_pages = ours.methods["browser"]
    scores.at_most("static site: pages read in the browser", browser_pages, 10, "pages")
    scores.holds("crawl and content: all pages", ours.pages >= PAGES - 3, f"{ours.pages} of {len(ours.urls)}")
    if peer is None:
        scores.console.print(f"Crawl4AI is not installed; to compare, set {PEER} to the path of a Python that has it")
    else:
        scores.at_least(
            "crawl and content: times as fast as Crawl4AI over HTTP", ours.speed / crawls[-1].speed, TIMES_THE_PEER, "×"
        )


def _table(crawls: list[Crawl]) -> Table:
    table = Table("", "pages", "seconds", "pages/s", "ms of processor/page", "how", title="Crawl and content alone")
    for crawled in crawls:
        table.add_row(
            crawled.name,
            str(crawled.pages),
            f"{crawled.seconds:.1f}",
            f"{crawled.speed:.1f}",
            f"{1000 * crawled.cpu_s / max(1, crawled.pages):.0f}",
            ", ".join(f"{number} {how}" for how, number in crawled.methods.items()),
        )
    return table
