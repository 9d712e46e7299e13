"""Latency of a build's first results: ten builds of the company site on a warm stack, one after the other."""

import asyncio
from statistics import median

from rich.table import Table

from tasks.core.events import EventType
from tests.benchmarks.client import BuildRun, run_build
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import open_product
from tests.sites.company_facts import DEPTH
from tests.sites.server import serve_site

BUILDS = 10
PAUSE_S = 5.0
"""Pause between builds, enough for the worker to warm up the next run's browser."""
FIRST_EVENT_S = 0.1
EXTRACTION_S = 3.0
IDENTITY_S = 1.5
THEME_S = 3.0
READY_S = 10.0


async def run(scores: Scores) -> None:
    """Build the site once to warm up, then ten times one after the other, and print the times."""
    async with serve_site() as site, open_product() as product:
        warm_up, *runs = [await _build(scores, product.api_url, f"{site.url}/") for _ in range(1 + BUILDS)]
    started = EventType.url_extraction_started
    measures = {
        "POST → headers": [run.headers_s for run in runs],
        "POST → first event": [run.first_event_s for run in runs],
        f"POST → {started}": [_time_of(run, started) for run in runs],
        "POST → the site's name and icon": [_time_of_identity(run) for run in runs],
        f"POST → {EventType.theme_generation_completed}": [
            _time_of(run, EventType.theme_generation_completed) for run in runs
        ],
        "POST → widget_ready": [_time_of(run, EventType.widget_ready) for run in runs],
        "POST → builder_completed": [_time_of(run, EventType.builder_completed) for run in runs],
    }
    table = Table("seconds", "min", "median", "max", title=f"Latency, {BUILDS} builds of the company site")
    for name, times in measures.items():
        table.add_row(name, *(f"{value:.3f}" for value in (min(times), median(times), max(times))))
    table.caption = (
        f"`up` → ready {product.ready_s:.1f} s; the first build: first event {warm_up.first_event_s:.3f} s, "
        f"{started} {_time_of(warm_up, started):.2f} s"
    )
    scores.console.print(table)
    scores.at_most("POST → first event, slowest", max(measures["POST → first event"]), FIRST_EVENT_S)
    scores.at_most(f"POST → {started}, slowest", max(measures[f"POST → {started}"]), EXTRACTION_S)
    scores.at_most(
        "POST → the site's name and icon, median", median(measures["POST → the site's name and icon"]), IDENTITY_S
    )
    scores.at_most("POST → theme, median", median(measures[f"POST → {EventType.theme_generation_completed}"]), THEME_S)
    scores.at_most("POST → widget_ready, slowest", max(measures["POST → widget_ready"]), READY_S)


async def _build(scores: Scores, api_url: str, url: str) -> BuildRun:
    run = await run_build(api_url, url, depth=DEPTH)
    await asyncio.sleep(PAUSE_S)
    scores.console.print(f"{run.end.type} after {run.seconds:.1f} s, {run.end.seq} events", style="dim")
    return run


def _time_of(run: BuildRun, type_: EventType) -> float:
    at_s = run.time_of(type_)
    return float("inf") if at_s is None else at_s


def _time_of_identity(run: BuildRun) -> float:
    return next((timed.at_s for timed in run.events if "site" in timed.event.data), float("inf"))
