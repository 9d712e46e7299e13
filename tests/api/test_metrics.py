"""Prometheus metrics."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from tests.product import PATH, Event, Product
from tests.sites.generated import generated_site

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def read(product: Product, url: str = "/metrics") -> Figures:
    """All samples, by name and labels."""
    answer = await product.http.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def figure(figures: Figures, name: str, **labels: str) -> float:
    """One sample; 0 if it does not exist yet."""
    return figures.get((f"widget_builder_{name}", frozenset(labels.items())), 0)


async def test_builds_and_widgets_are_those_in_the_database(product: Product, built: list[Event]) -> None:
    """By status, as in the tables."""
    figures = await read(product)
    assert built
    assert figure(figures, "database_up") == 1
    assert figure(figures, "widgets") == await product.count("SELECT count(*) FROM widgets")
    for status in ("completed", "failed", "cancelled", "running"):
        counted = await product.count("SELECT count(*) FROM scrape_jobs WHERE status = %s", status)
        assert figure(figures, "builds", status=status) == counted


async def test_requests_are_counted_by_route_not_by_path(product: Product) -> None:
    """Ids, unknown paths and unknown methods do not become labels."""
    before = await read(product)
    for path in (f"/api/public/widgets/{uuid4()}", f"/api/public/widgets/{uuid4()}", f"/{uuid4()}"):
        await product.http.get(path)
    await product.http.request("BREW", "/healthz")
    after = await read(product)
    grown: list[tuple[dict[str, str], int]] = [
        ({"method": "GET", "route": "/api/public/widgets/{widget_id}", "status": "404"}, 2),
        ({"method": "GET", "route": "none", "status": "404"}, 1),
        ({"method": "GET", "route": "/metrics", "status": "200"}, 1),
    ]
    for labels, times in grown:
        name = "http_requests_total"
        assert figure(after, name, **labels) - figure(before, name, **labels) == times
    assert not any(dict(labels).get("method") == "BREW" for _, labels in after)


async def test_a_worker_counts_the_pages_of_its_runs(product: Product, built: list[Event]) -> None:
    """By stage and outcome, with the ends of builds, and after the run's process has ended."""
    worker = f"http://127.0.0.1:{product.worker_metrics_port}/metrics"
    async with asyncio.timeout(60):
        while not figure(await read(product, worker), "build_ends_total", outcome="completed"):
            await asyncio.sleep(0.1)
    figures = await read(product, worker)
    statistics = built[-1]["data"]["statistics"]
    assert figure(figures, "pages_total", stage="storage", outcome="passed") >= statistics["stored_pages"]
    assert figure(figures, "pages_total", stage="scraping", outcome="failed") >= statistics["failed_scrapes"]
    for name in ("page_bytes_total", "page_tokens_total"):
        assert figure(figures, name) > 0
    assert figure(figures, "stage_seconds_total", stage="scraping") > 0


async def test_answers_are_counted_by_outcome_with_their_latency(product: Product, built: list[Event]) -> None:
    """An answer that was read to its end."""
    before = await read(product)
    path = f"/api/public/widgets/{built[0]['data']['widget_id']}/chat"
    asked = await product.http.post(path, json={"message": "Hello!"}, headers={"Origin": product.info.api_url})
    assert asked.status_code == 200
    after = await read(product)
    for name, labels in (
        ("chat_answers_total", {"outcome": "small_talk"}),
        ("chat_answer_seconds_count", {}),
        ("chat_first_event_seconds_count", {}),
    ):
        assert figure(after, name, **labels) - figure(before, name, **labels) == 1


async def test_streams_are_counted_while_they_are_open(product: Product) -> None:
    """Clients that disconnect are no longer counted, with or without a closing handshake."""
    async with generated_site(60, 3, 0.3) as site:
        posting: AsyncIterator[Any] = product.stream("POST", PATH, json={"url": site.url, "depth": 3})
        first = await anext(posting)
        before = figure(await read(product), "event_streams")
        assert before >= 1

        async def watch() -> None:
            async for _ in product.stream("GET", f"{PATH}/{first['build_id']}/events"):
                await asyncio.sleep(60)

        watching = [asyncio.create_task(watch()) for _ in range(20)]
        while figure(await read(product), "event_streams") < before + 20:
            await asyncio.sleep(0.1)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        owner = {"Authorization": f"Bearer {first['data']['owner_token']}"}
        await product.http.delete(f"{PATH}/{first['build_id']}", headers=owner)
        assert [event async for event in posting][-1]["type"] == "builder_cancelled"
        async with asyncio.timeout(20):
            while figure(await read(product), "event_streams"):
                await asyncio.sleep(0.1)
