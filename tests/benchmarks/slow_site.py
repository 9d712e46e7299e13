"""Duration of a build when everything waits for others: a slow site and a slow embedding service.

Every answer of the site takes 2 s, every call for embeddings 1 s. An earlier system's times for the same
case stand beside ours, and the limit: the slowest stage, if it had all its work from the start.
"""

from dataclasses import dataclass

import psycopg
from rich.table import Table

from tasks.core.events import EventType
from tests.benchmarks.client import BuildRun, run_build
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import open_product
from tests.sites.generated import GeneratedSite, generated_site
from tests.sites.openai_server import OpenAIServer, serve_openai

PAGE_S = 2.0
CALL_S = 1.0
DEPTH = 3
CHUNKS_A_CALL = 20
"""Embedded by one call, on average."""
WORKERS = {"browser_extract": 3, "http_extract": 15, "scrape": 10, "embed": 5, "store": 3}


@dataclass(frozen=True)
class Case:
    """A size of site, its target, and the time of an earlier system."""

    pages: int
    target_s: float
    earlier: str


CASES = (Case(250, 65, "168 s"), Case(100, 30, "30–40 s"))


async def run(scores: Scores) -> None:
    """Build both sites on one product and print the times."""
    workers = {f"{stage}_workers": number for stage, number in WORKERS.items()}
    async with (
        serve_openai(delay_s=CALL_S) as openai,
        open_product(
            **workers, embedding_provider="openai", OPENAI_BASE_URL=openai.base_url, OPENAI_API_KEY="sk-bench"
        ) as product,
    ):
        title = "Slow site (2 s a page, 1 s a call)"
        table = Table("pages", "ours", "limit", "earlier system", "target", "chunks", "calls", title=title)
        for case in CASES:
            calls = openai.calls
            async with generated_site(case.pages, DEPTH, PAGE_S) as site:
                run = await run_build(product.api_url, f"{site.url}/", depth=DEPTH)
                calls = openai.calls - calls
                limits = _limits(run, calls)
                scores.console.print(_stages(case, run, site, openai, limits))
            limit = max(limits.values())
            chunks = await _count_chunks(product.database_url, run.build_id)
            times = (f"{run.seconds:.1f} s", f"{limit:.1f} s", case.earlier, f"≤ {case.target_s:g} s")
            table.add_row(str(case.pages), *times, str(chunks), str(calls))
            scores.at_most(f"slow site, {case.pages} pages", run.seconds, case.target_s)
            stored = run.statistics.get("stored_pages", 0)
            scores.holds(f"slow site, {case.pages} pages: all stored", stored == case.pages, f"{stored}")
            fetched = [count for path, count in site.requests.items() if path in site.links]
            once = len(fetched) == case.pages and max(fetched) == 1
            scores.holds(f"slow site, {case.pages} pages: each fetched once", once, f"{sum(fetched)} requests")
            scores.at_least(f"slow site, {case.pages} pages: chunks a call", chunks / max(calls, 1), CHUNKS_A_CALL, "")
    scores.console.print(table)


async def _count_chunks(database_url: str, build_id: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        rows = await connection.execute("SELECT count(*) FROM knowledge_chunks WHERE job_id = %s", (build_id,))
        row = await rows.fetchone()
    assert row is not None
    return int(row[0])


def _limits(run: BuildRun, calls: int) -> dict[str, float]:
    """Return the seconds that each stage would take if it had all its work from the start."""
    methods = run.data_of(EventType.url_extraction_completed).get("by_method", {})
    return {
        "extraction (browser)": methods.get("browser", 0) * PAGE_S / WORKERS["browser_extract"],
        "extraction (HTTP)": methods.get("http", 0) * PAGE_S / WORKERS["http_extract"],
        "scraping": methods.get("unfetched", 0) * PAGE_S / WORKERS["scrape"],
        "embedding": calls * CALL_S / WORKERS["embed"],
    }


def _stages(case: Case, run: BuildRun, site: GeneratedSite, openai: OpenAIServer, limits: dict[str, float]) -> Table:
    table = Table("", "", title=f"{case.pages} pages", show_header=False)
    for name, seconds in limits.items():
        table.add_row(f"limit of {name}", f"{seconds:.1f} s")
    for type_ in (EventType.url_extraction_started, EventType.url_extraction_completed, EventType.widget_ready):
        at_s = run.time_of(type_)
        table.add_row(f"POST → {type_}", "never" if at_s is None else f"{at_s:.1f} s")
    table.add_row(f"POST → {run.end.type}", f"{run.seconds:.1f} s")
    table.add_row("pages by depth", str(dict(sorted(site.pages_by_depth.items()))))
    table.add_row("most requests at once: site", str(site.max_open_requests))
    table.add_row("most requests at once: embeddings", str(openai.max_open_calls))
    table.add_row("statistics", str({k: v for k, v in run.statistics.items() if k != "performance"}))
    return table
