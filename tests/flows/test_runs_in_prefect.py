"""Builds as Prefect runs: what operators see, what survives a crash, what a re-crawl changes."""

import asyncio
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import Artifact, State, TaskRun
from prefect.runtime import flow_run
from prefect.states import Scheduled

from flows.recrawl import name_recrawl
from tasks.records.builds import read_build
from tasks.records.run_notices import notify_workers
from tests.flow_runs import end_of, find_run, run_deployment
from tests.product import Event, Product
from tests.sites.generated import generated_site
from tests.sites.server import Site

LIMITS = ("extract-browser", "extract-http", "scrape", "embed", "store")


async def test_operators_see_the_site_its_pages_and_its_failures(built: list[Event], product: Product) -> None:
    """The run is named after the site, tasks after URLs, tags after stages; a failure has its cause."""
    run = await find_run(product, built[0]["build_id"])
    assert run.name == built[0]["data"]["url"].removeprefix("http://").rstrip("/")
    async with product.prefect() as client:
        flow_runs = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        async with asyncio.timeout(30):
            # Task runs are recorded from events, a moment later.
            tasks: list[TaskRun] = []
            while not tasks or not all(task.state and task.state.is_final() for task in tasks):
                await asyncio.sleep(0.5)
                tasks = await client.read_task_runs(flow_run_filter=flow_runs)
    by_stage = {tag: [task for task in tasks if tag in task.tags] for tag in ("theme", "scrape", "embed", "store")}
    assert all(by_stage.values())
    site = built[0]["data"]["url"]
    assert all(task.name.startswith(f"{tag} {site}") for tag, found in by_stage.items() for task in found)
    failed = [task for task in tasks if task.state and task.state.is_failed()]
    assert [task.state.message for task in failed if task.state and "HTTP 404" in (task.state.message or "")]


async def test_the_summary_of_a_build_is_attached_to_its_run(built: list[Event], product: Product) -> None:
    """Stages, links to widget and site, and failures by cause with their pages; the deployment has our version."""
    run = await find_run(product, built[0]["build_id"])
    async with product.prefect() as client, asyncio.timeout(30):
        mine = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        found: dict[str | None, Artifact] = {}
        while "build" not in found:
            # After the end of the build: its large index comes first.
            await asyncio.sleep(0.2)
            found = {each.key: each for each in await client.read_artifacts(flow_run_filter=mine)}
        deployment = await client.read_deployment_by_name("build-widget/build")
    summary, progress = found["build"], found["progress"]
    assert (summary.type, progress.type) == ("markdown", "progress")
    statistics = built[-1]["data"]["statistics"]
    assert progress.data == 100.0
    assert f"{statistics['stored_pages']} of " in (progress.description or "")
    assert f"| storage | {statistics['stored_pages']} | 0 |" in str(summary.data)
    assert f"/preview/{built[0]['data']['widget_id']})" in str(summary.data)
    assert f"<{built[0]['data']['url']}>" in str(summary.data)
    assert "failed | `HTTP 404` | <http" in str(summary.data)
    assert deployment.version == version("ai-widget-builder")


async def test_a_run_is_found_by_its_tags_and_its_log_tells_the_pages(built: list[Event], product: Product) -> None:
    """Widget and outcome beside the deployment's own; one line of the log a stage at least."""
    wanted = {"widget-builder", f"widget:{built[0]['data']['widget_id']}", "outcome:completed"}
    async with product.prefect() as client, asyncio.timeout(30):
        while not wanted <= set((run := await find_run(product, built[0]["build_id"])).tags):
            await asyncio.sleep(0.2)
        logged: list[str] = []
        while not any(line.startswith("Stored ") for line in logged):
            await asyncio.sleep(0.2)
            mine = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
            logged = [log.message for log in await client.read_logs(mine, limit=200)]
    assert any(re.fullmatch(r"Scraped \d+/\d+ pages", line) for line in logged)


async def test_no_slot_stays_behind_after_a_build(built: list[Event], product: Product) -> None:
    """All lanes release their slots."""
    async with product.prefect() as client, asyncio.timeout(15):
        while any([(await client.read_global_concurrency_limit_by_name(name)).active_slots for name in LIMITS]):
            await asyncio.sleep(0.2)


async def test_a_build_whose_process_is_killed_goes_on_where_it_stopped(product: Product) -> None:
    """Stored pages are not fetched again, numbers have no gap, and the result is that of a clean run."""
    async with generated_site(60, 3, 0.3) as site:
        posting = product.stream("POST", "/api/public/ai-widget-builder", json={"url": site.url, "depth": 3})
        events = []
        async for event in posting:
            events.append(event)
            if event["type"] == "storage_progress":
                break
        run = await find_run(product, events[0]["build_id"])
        stored = await product.count(
            "SELECT count(*) FROM crawl_urls WHERE status = 'stored' AND job_id = %s", events[0]["build_id"]
        )
        assert run.infrastructure_pid is not None
        os.kill(int(run.infrastructure_pid), signal.SIGKILL)
        events += [event async for event in posting]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["type"] == "builder_completed"
        statistics = events[-1]["data"]["statistics"]
        assert (statistics["total_urls"], statistics["stored_pages"]) == (60, 60)
        rows = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s"
        assert await product.count(rows, events[0]["build_id"]) == 60
        # Only pages that were under way when it was killed are asked for twice.
        assert site.requests.total() <= 60 + (60 - stored)


async def test_a_recrawl_moves_the_widget_to_a_new_build_when_it_is_complete(
    built: list[Event], product: Product, company: Site
) -> None:
    """The old build answers until then, and stays."""
    widget_id = built[0]["data"]["widget_id"]
    run = await run_deployment(product, "recrawl-widgets/nightly", {"widget_id": widget_id})
    assert run.state is not None
    assert run.state.is_completed()
    moved = "SELECT count(*) FROM widgets WHERE id = %s AND active_job_id <> %s"
    assert await product.count(moved, widget_id, built[0]["build_id"]) == 1
    pages = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = "
    old = await product.count(f"{pages} %s", built[0]["build_id"])
    new = await product.count(f"{pages} (SELECT active_job_id FROM widgets WHERE id = %s)", widget_id)
    assert new == old


async def test_a_widget_that_is_being_built_is_not_built_a_second_time(product: Product) -> None:
    """The second run is cancelled; the running build continues."""
    async with generated_site(20, 3, 0.3) as site:
        posting = product.stream("POST", "/api/public/ai-widget-builder", json={"url": site.url, "depth": 2})
        events = [await anext(posting)]
        widget_id = events[0]["data"]["widget_id"]
        parameters = {"url": site.url, "depth": 2, "widget_id": widget_id}
        run = await run_deployment(product, "build-widget/build", parameters)
        assert run.state is not None
        assert run.state.is_cancelled()
        events += [event async for event in posting]
    assert events[-1]["type"] == "builder_completed"
    assert await product.count("SELECT count(*) FROM scrape_jobs WHERE widget_id = %s", widget_id) == 1


async def test_the_run_of_a_deleted_widget_ends(product: Product) -> None:
    """It is cancelled, not failed, so it raises no alarm; and its slots are free."""
    async with generated_site(120, 3, 0.5) as site:
        posting = product.stream("POST", "/api/public/ai-widget-builder", json={"url": site.url, "depth": 3})
        events = [await anext(posting)]
        while events[-1]["type"] != "parallel_processing_started":
            events.append(await anext(posting))
        run = await find_run(product, events[0]["build_id"])
        owner = {"Authorization": f"Bearer {events[0]['data']['owner_token']}"}
        await product.http.delete(f"/api/widgets/{events[0]['data']['widget_id']}", headers=owner)
        run = await end_of(product, run.id)
        assert run.state is not None
        assert run.state.is_cancelled(), run.state
        await posting.aclose()  # type: ignore[attr-defined]


async def test_a_build_can_be_started_in_prefect_alone(product: Product, company: Site) -> None:
    """An operator gives a URL; the widget and its build are recorded by the run."""
    run = await run_deployment(product, "build-widget/build", {"url": company.url, "depth": 0})
    assert run.state is not None
    assert run.state.is_completed()
    assert (await read_build(product.pool, run.id)).status == "completed"


async def test_a_run_of_the_night_is_named_after_its_time(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTC, as its schedule; not a random animal."""
    due = datetime.now(UTC) - timedelta(hours=1)
    async with product.prefect() as client:
        deployment = await client.read_deployment_by_name("housekeeping/housekeeping")
        state: State[Any] = Scheduled(scheduled_time=due)
        run = await client.create_flow_run_from_deployment(deployment.id, state=state)
    await notify_workers(product.pool)
    assert (await end_of(product, run.id)).name == f"housekeeping {due:%Y-%m-%d %H:%M}"
    # As Prefect tells a run its time: a real run would rebuild all widgets here.
    monkeypatch.setitem(flow_run.FIELDS, "scheduled_start_time", lambda: datetime(2026, 11, 30, 3, tzinfo=UTC))
    assert name_recrawl() == "nightly 2026-11-30 03:00"


async def test_a_recrawl_of_one_widget_is_named_after_it(product: Product) -> None:
    """As a build without an address is."""
    widget = str(uuid4())
    run = await run_deployment(product, "recrawl-widgets/nightly", {"widget_id": widget})
    assert run.name == f"widget {widget}"
