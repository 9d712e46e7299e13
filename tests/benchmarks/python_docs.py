"""A real site: the documentation of Python 3.11, 500 pages, the whole product on this machine."""

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from tasks.core.events import EventType
from tests.benchmarks.client import BuildRun, run_build
from tests.benchmarks.memory import Peak, render_peaks, watch_memory
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import ROOT, Product, open_product
from tests.sites.server import Site, serve_site

DEPTH = 3
MAX_PAGES = 500
PAGES_PER_S = 15.0
PACKAGE = "python3.11-doc"
INSIDE = Path("usr/share/doc/python3.11/html")
"""Where the package keeps the pages."""
BENCH = ROOT / ".bench"


class NoDocs(Exception):
    """The documentation is not on this machine and cannot be downloaded."""


@dataclass(frozen=True)
class DocsBuild:
    """A finished build of the documentation, on a product that still runs."""

    product: Product
    site: Site
    run: BuildRun
    peaks: dict[str, Peak]


def find_docs(given: Path | None) -> Path:
    """Return the folder with the documentation's HTML: the given one, one unpacked before, or Debian's package.

    Raises:
        NoDocs: there is none; the message says what to do.
    """
    unpacked = BENCH / "python-docs" / INSIDE
    for folder in [given] if given else [unpacked, Path("/") / INSIDE]:
        if (folder / "index.html").is_file():
            return folder
    if given:
        raise NoDocs(f"{given} has no index.html")
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise NoDocs("give the folder of the unpacked documentation (HTML) with --docs")
    BENCH.mkdir(exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", PACKAGE], cwd=BENCH, check=True, capture_output=True, text=True)
        package = max(BENCH.glob(f"{PACKAGE}_*.deb"))
        subprocess.run(["dpkg", "-x", str(package), "python-docs"], cwd=BENCH, check=True, capture_output=True)
    except (subprocess.CalledProcessError, ValueError) as error:
        raise NoDocs(f"`apt-get download {PACKAGE}` failed; give a folder with --docs") from error
    return unpacked


@asynccontextmanager
async def built_docs(folder: Path) -> AsyncIterator[DocsBuild]:
    """Build a widget of the documentation; the product keeps running until the context is left."""
    async with serve_site(folder) as site, open_product() as product:
        async with watch_memory(product.pids) as peaks:
            run = await run_build(product.api_url, f"{site.url}/", depth=DEPTH, max_pages=MAX_PAGES)
            await asyncio.sleep(1)
        yield DocsBuild(product, site, run, peaks)


def report(scores: Scores, docs: DocsBuild) -> None:
    """Print speed, memory and failures."""
    run, statistics = docs.run, docs.run.statistics
    stored = statistics.get("stored_pages", 0)
    speed = stored / run.seconds
    scores.console.print(_overview(docs, speed))
    scores.console.print(_stages(statistics))
    scores.console.print(render_peaks(docs.peaks))
    for (cause, stage), number in Counter((event.detail, event.stage) for event in run.failures).items():
        scores.console.print(f"{number} × {stage} failed: {cause}")
    for event in run.failures:
        scores.console.print(f"  {event.message}: {event.detail}", style="dim")
    scores.holds("Python docs: completed", run.is_complete, f"{run.end.type} {run.end.detail or ''}")
    scores.at_least("Python docs, POST → builder_completed", speed, PAGES_PER_S, "pages/s")
    # The package has a link to a page that is missing: the site's own fault, reported as HTTP 404.
    unexplained = [event for event in run.failures if event.detail != "HTTP 404"]
    scores.holds("Python docs: no unexplained failures", not unexplained, f"{len(unexplained)}")
    scores.holds("Python docs: statistics add up", _adds_up(statistics))


def _adds_up(statistics: dict[str, int]) -> bool:
    return bool(statistics) and (
        statistics["scraped_pages"] + statistics["failed_scrapes"] == statistics["total_urls"]
        and statistics["embedded_pages"] + statistics["failed_embeddings"] == statistics["scraped_pages"]
        and statistics["stored_pages"] + statistics["failed_stores"] == statistics["embedded_pages"]
    )


def _overview(docs: DocsBuild, speed: float) -> Table:
    run, statistics = docs.run, docs.run.statistics
    table = Table("", "", title="Python 3.11 documentation", show_header=False)
    table.add_row("POST → first event", f"{run.first_event_s:.3f} s")
    for type_ in (EventType.url_extraction_started, EventType.widget_ready, EventType.url_extraction_completed):
        at_s = run.time_of(type_)
        table.add_row(f"POST → {type_}", "never" if at_s is None else f"{at_s:.1f} s")
    table.add_row(f"POST → {run.end.type}", f"{run.seconds:.1f} s")
    table.add_row("pages stored", str(statistics.get("stored_pages", 0)))
    table.add_row("pages/s from POST to the end", f"{speed:.1f}")
    table.add_row("extraction by method", str(run.data_of(EventType.url_extraction_completed).get("by_method")))
    table.add_row("left out", str(statistics.get("skipped", {})))
    table.add_row("failed", str(len(run.failures)))
    table.add_row("pages requested more than once", str(sum(n > 1 for n in docs.site.requests.values())))
    return table


def _stages(statistics: dict[str, dict[str, dict[str, dict[str, float]]]]) -> Table:
    table = Table("stage", "seconds", "pages/s", title="Stages (from first page's begin to last one's end)")
    for stage, figures in statistics.get("performance", {}).get("stages", {}).items():
        table.add_row(stage, f"{figures['seconds']:.1f}", f"{figures['pages_per_s']:.1f}")
    return table
