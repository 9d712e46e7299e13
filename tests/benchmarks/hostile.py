"""Builds of sixty hostile pages and pictures, each as a start page, and as one of eleven of a site of good pages.

Each build ends in time, the other pages are stored, no flow process grows, and the worker is idle afterwards. Before
them, one browser reads 200 pages that never yield: each is given up, and none leaves a process behind.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import psutil

from tasks.core.egress_policy import EgressPolicy
from tasks.core.events import EventType
from tasks.web.fetching.egress import open_gate
from tests.benchmarks.client import run_build
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import Product, open_product
from tests.brand.hostile_pictures import HOSTILE_PICTURES
from tests.core.test_html_source import SOURCES_BY_KIND
from tests.sites.hostile import MISBEHAVIOUR, STRANGE, TOPICS, good_page, serve_hostile
from tests.web.conftest import LOOPBACK, Answer, binary, html, serve, silence
from tests.web.spinning import GIVEN_UP, IDLE_RENDERERS, read_spinning
from tests.web.test_hostile_pages import ENDING, ENDLESS

AT_ONCE = 4
"""Builds at once: all places of the worker."""
BUILD_S = 60.0
IDLE_S = 120.0
MEMORY_MB = 1_000.0
GOOD = len(TOPICS)
"""Good pages beside the hostile one; the page that links to them all is one more."""
SPINNING = 200
PATIENCE_S = 60.0
PROSE = "<main><h1>Harbour</h1><p>The lighthouse keeper counts the ships that pass in the night.</p></main>"
PICTURE = (
    '<header><a href="/" class="logo"><img class="logo" alt="Acme logo" src="{}" width="120" height="40"></a></header>'
)


@dataclass(frozen=True)
class Case:
    """One hostile page, with the addresses of its two builds."""

    name: str
    alone: str
    beside: str


def _pages() -> dict[str, Answer]:
    """Pages by name, with what they load; and beside each a good page that links to it."""
    scripted = {name: answer for name, (answer, _) in ENDING.items()} | dict(ENDLESS)
    documents = {f"document-{n}": html(f"{PROSE}{source}") for n, source in enumerate(SOURCES_BY_KIND.values())}
    pictures = list(HOSTILE_PICTURES.values())[::3]
    shown = {f"picture-{n}": html(PICTURE.format(f"/logo-{n}") + PROSE) for n in range(len(pictures))}
    return scripted | documents | shown


@asynccontextmanager
async def _serve_cases() -> AsyncIterator[list[Case]]:
    raw = [path.removeprefix("/") for path in (*MISBEHAVIOUR, *STRANGE)][::2]
    pages = _pages()
    routes = {f"/{name}": answer for name, answer in pages.items()}
    routes |= {f"/good-{n}": html(good_page(n)) for n in range(GOOD)}
    routes |= {"/good": html(PROSE), "/zip": binary(b"PK", Content_Type="application/zip"), "/silence": silence}
    for n, make in enumerate(list(HOSTILE_PICTURES.values())[::3]):
        picture = make()
        routes[f"/logo-{n}"] = binary(
            picture, Content_Type="image/svg+xml" if b"<svg" in picture[:200] else "image/png"
        )
    links = "".join(f'<a href="/good-{n}">A page</a>' for n in range(GOOD))
    routes |= {f"/beside/{name}": html(f'{PROSE}{links}<a href="/{name}">One more</a>') for name in pages}
    async with serve(routes) as site, serve_hostile() as hostile_url:
        yield [
            *(Case(name, f"{site.url}/{name}", f"{site.url}/beside/{name}") for name in pages),
            *(Case(name, f"{hostile_url}/{name}", f"{hostile_url}/beside/{name}") for name in raw),
        ]


async def run(scores: Scores) -> None:
    """Read the spinning pages, build all others, and add the figures."""
    await _spin(scores)
    async with AsyncExitStack() as opened:
        cases = await opened.enter_async_context(_serve_cases())
        product = await opened.enter_async_context(open_product(request_rate="100000/minute"))
        await _wait_until_idle(product)
        before = len(_family(product))
        memory: dict[int, int] = {}
        watching = asyncio.create_task(_watch_memory(product, memory))
        places = asyncio.Semaphore(AT_ONCE)
        ends = await asyncio.gather(*(_build(scores, product, case, places) for case in cases))
        watching.cancel()
        await _wait_until_idle(product)
        scores.console.print(f"{len(cases)} hostile pages, {2 * len(cases)} builds, {AT_ONCE} at once")
        scores.at_most("slowest build", max(seconds for end in ends for seconds in end[:2]), BUILD_S)
        lost = [case.name for case, end in zip(cases, ends, strict=True) if end[2] < GOOD + 1]
        scores.holds("the other pages are stored", not lost, ", ".join(lost))
        scores.at_most("largest flow process", max(memory.values()) / 1e6, MEMORY_MB, "MB")
        scores.at_most("processes left, those of the spare run included", len(_family(product)) - before, 0, "")


async def _spin(scores: Scores) -> None:
    async with open_gate(EgressPolicy(LOOPBACK)) as gate:
        began = time.monotonic()
        spun = await read_spinning(gate, SPINNING, PATIENCE_S)
    scores.console.print(f"{SPINNING} spinning pages in {time.monotonic() - began:.0f} s", style="dim")
    scores.at_least(f"of {SPINNING} spinning pages, given up in time", spun.causes[GIVEN_UP], SPINNING, "")
    scores.at_most("until a good page is read after them", spun.readable_after_s, PATIENCE_S)
    scores.at_most("renderers left, those of an idle browser included", spun.renderers, IDLE_RENDERERS, "")


async def _build(scores: Scores, product: Product, case: Case, places: asyncio.Semaphore) -> tuple[float, float, int]:
    """Return the seconds of both builds, and the pages stored by the second."""
    async with places:
        alone = await run_build(product.api_url, case.alone, depth=0)
        beside = await run_build(product.api_url, case.beside, depth=1)
    stored = int(beside.statistics.get("stored_pages", 0))
    cause = (alone.end.detail or "")[:60] if alone.end.type is EventType.builder_failed else ""
    ends = f"alone {alone.end.type} {alone.seconds:.1f} s {cause}; beside {stored} stored, {beside.seconds:.1f} s"
    scores.console.print(f"{case.name}: {ends}", style="dim", markup=False)
    return alone.seconds, beside.seconds, stored


def _runs(product: Product) -> list[psutil.Process]:
    """The processes of runs; an idle worker has one, which waits for the next."""
    servers = psutil.Process(product.pids["worker"]).children()
    return [run for server in servers for run in server.children()]


def _family(product: Product) -> list[psutil.Process]:
    return psutil.Process(product.pids["worker"]).children(recursive=True)


async def _watch_memory(product: Product, largest: dict[int, int]) -> None:
    """Keep the largest resident size of each process of a run."""
    while True:
        for process in _runs(product):
            with suppress(psutil.Error):
                largest[process.pid] = max(largest.get(process.pid, 0), process.memory_info().rss)
        await asyncio.sleep(0.5)


async def _wait_until_idle(product: Product) -> None:
    """Wait until only the run that waits is there, with its browser."""
    with suppress(TimeoutError):
        async with asyncio.timeout(IDLE_S):
            while len(_runs(product)) != 1 or len(_family(product)) < 5:
                await asyncio.sleep(0.5)
    await asyncio.sleep(5)
