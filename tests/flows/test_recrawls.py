"""Re-crawls of many widgets: a run of the build deployment each, found again, and red if one failed."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed, Running, Scheduled

from api.builds import lost_runs
from api.builds.lost_runs import LostRuns
from api.builds.prefect_runs import PrefectRuns
from flows.build import build_widget
from flows.rebuild_runs import QUEUE, RebuildRuns
from tasks.core.models import BuildRequest
from tasks.records.builds import find_run_build, link_flow_run, read_build
from tasks.records.new_builds import create_build
from tasks.records.run_locks import hold_run
from tests.flow_runs import BUILD, end_of, find_run, retry, run_deployment
from tests.placing import Placer
from tests.product import Product
from tests.sites.generated import generated_site


async def test_each_widget_is_rebuilt_in_a_run_of_its_own_and_none_twice(product: Product, place: Placer) -> None:
    """In the queue of scheduled builds; a site that is down fails alone, and its run is tried once more when the
    re-crawl is asked again."""
    recrawl_id = uuid4()
    async with generated_site(3, 2, 0) as site, product.prefect() as client:
        async with generated_site(3, 2, 0) as down:
            placed = [await place(site.url), await place(down.url)]
        widgets = [(UUID(it.widget_id), it.request) for it in placed]
        runs = RebuildRuns(client, product.pool, recrawl_id, 0)
        started = await runs.start(widgets)
        again = await RebuildRuns(client, product.pool, recrawl_id, 0).start(widgets)
        assert [rebuild.run_id for rebuild in again] == [rebuild.run_id for rebuild in started]
        found = {rebuild.widget_id: rebuild for rebuild in await runs.wait(started)}
        up, lost = found[widgets[0][0]], found[widgets[1][0]]
        assert (up.outcome, up.pages, lost.outcome) == ("completed", 2, "failed")
        assert lost.cause
        run = await client.read_flow_run(up.run_id)
        assert (run.work_queue_name, run.parent_task_run_id) == (QUEUE, None)
        retried = await RebuildRuns(client, product.pool, recrawl_id, 0).start(widgets)
        await runs.wait(retried)
        assert (await client.read_flow_run(lost.run_id)).run_count == 2
        assert (await client.read_flow_run(up.run_id)).run_count == 1
    rebuilds = "SELECT count(*) FROM scrape_jobs WHERE widget_id = %s"
    assert [await product.count(rebuilds, widget) for widget, _ in widgets] == [2, 2]


async def test_a_recrawl_is_red_if_a_widget_was_not_rebuilt(product: Product, place: Placer) -> None:
    """Its message names the site, and Prefect has the table of outcomes."""
    async with generated_site(3, 2, 0) as site:
        widget = (await place(site.url)).widget_id
    run = await run_deployment(product, "recrawl-widgets/nightly", {"widget_id": widget})
    assert run.state is not None
    assert run.state.is_failed()
    assert site.url in (run.state.message or "")
    async with product.prefect() as client:
        (artifact,) = await client.read_artifacts(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    assert "failed" in str(artifact.data)


async def test_a_build_whose_run_nobody_can_find_gets_another(product: Product) -> None:
    """Such as the sub-flow of a re-crawl that died: it has no deployment, and so no worker looks for it."""
    async with generated_site(3, 2, 0) as site, product.prefect() as client:
        request = BuildRequest(url=site.url + "/", depth=1, max_pages=3)
        # Scheduled, as one is again that was pending for two minutes.
        run = await client.create_flow_run(build_widget, parameters=request.model_dump(), state=Scheduled())
        new = await create_build(product.pool, request)
        await link_flow_run(product.pool, new.build_id, run.id, attempt=0)
        events = await product.replay(str(new.build_id))
        assert events[-1]["type"] == "builder_completed"
        assert (await read_build(product.pool, new.build_id)).flow_run_id != run.id
        run = await client.read_flow_run(run.id)
        assert run.state is not None
        assert run.state.is_final()


async def test_a_lost_run_is_started_again_and_one_that_lives_is_not(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A re-crawl whose process died, alone or with its worker; a lock of its database session tells."""
    monkeypatch.setattr(lost_runs, "STUCK_S", 0)
    async with product.prefect() as client:
        deployment = await client.read_deployment_by_name("recrawl-widgets/nightly")
        later = datetime.now(UTC) + timedelta(hours=1)
        run = await client.create_flow_run_from_deployment(
            deployment.id, parameters={"widget_id": str(uuid4())}, state=Scheduled(scheduled_time=later)
        )
        await client.set_flow_run_state(run.id, Running(), force=True)
        sweep = LostRuns(product.pool, PrefectRuns(client)).sweep
        async with hold_run(product.pool, run.id):
            await sweep()
            run = await client.read_flow_run(run.id)
            assert run.state is not None
            assert run.state.is_running()
        await sweep()
        async with asyncio.timeout(30):
            while not run.state or not run.state.is_completed():
                await asyncio.sleep(0.2)
                run = await client.read_flow_run(run.id)


async def test_a_run_that_outlives_its_build_gets_the_builds_state(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process was killed after the end of the build: it would count as running for ever."""
    monkeypatch.setattr(lost_runs, "STUCK_S", 0)
    monkeypatch.setattr(lost_runs, "COMPLETED_S", 0)
    async with generated_site(3, 2, 0) as site, product.prefect() as client:
        events = await product.build(site.url, depth=0, max_pages=1)
        run = await find_run(product, events[0]["build_id"])
        async with asyncio.timeout(30):
            while not run.state or not run.state.is_completed():
                await asyncio.sleep(0.2)
                run = await client.read_flow_run(run.id)
        await client.set_flow_run_state(run.id, Running(), force=True)
        await LostRuns(product.pool, PrefectRuns(client)).sweep()
        run = await client.read_flow_run(run.id)
        assert run.state is not None
        assert run.state.is_completed()


@pytest.mark.parametrize("again", [False, True], ids=["at its end", "begun again"])
async def test_a_run_that_crashed_after_its_build_gets_the_builds_state(
    product: Product, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Killed between the last event and its own end; one that was begun again since is not shown as a success."""
    monkeypatch.setattr(lost_runs, "CRASH_S", 0)
    async with generated_site(3, 2, 0) as site, product.prefect() as client:
        events = await product.build(site.url, depth=0, max_pages=1)
        run = await end_of(product, (await find_run(product, events[0]["build_id"])).id)
        if again:
            await client.set_flow_run_state(run.id, Running(), force=True)
        await client.set_flow_run_state(run.id, Crashed(message="Killed."), force=True)
        await LostRuns(product.pool, PrefectRuns(client)).sweep()
        state = (await client.read_flow_run(run.id)).state
        assert state is not None
        assert (state.is_completed(), state.is_crashed()) == (not again, again)


@pytest.mark.parametrize("as_new_run", [False, True], ids=["Retry", "Run again"])
@pytest.mark.parametrize("end", ["failed", "cancelled", "completed"])
async def test_retry_and_run_again_do_what_an_operator_expects(
    product: Product, place: Placer, end: str, as_new_run: bool
) -> None:
    """A build that ended early is the same build again; a complete one is built anew, and stays as it was."""
    async with generated_site(3, 2, 0) as site, product.prefect() as client:
        placed = await place(site.url)
        first, widget = UUID(placed.build_id), placed.widget_id
        # As such a build and its run end.
        deployment = await client.read_deployment_by_name(BUILD)
        run = await client.create_flow_run_from_deployment(
            deployment.id,
            parameters=placed.request.model_dump(mode="json") | {"build_id": placed.build_id},
            state=State(type=StateType(end.upper())),
        )
        async with product.pool.connection() as connection:
            await connection.execute(
                "UPDATE scrape_jobs SET status = %s, flow_run_id = %s WHERE id = %s", (end, run.id, first)
            )
        if as_new_run:
            run = await run_deployment(product, BUILD, run.parameters)
        else:
            run = await retry(product, run.id)
        assert run.state is not None
        assert run.state.is_completed(), run.state
    assert (await read_build(product.pool, first)).status == "completed"
    builds = await product.count("SELECT count(*) FROM scrape_jobs WHERE widget_id = %s", widget)
    assert builds == (2 if end == "completed" else 1)
    newest = await find_run_build(product.pool, run.id)
    assert newest is not None
    moved = "SELECT count(*) FROM widgets WHERE active_job_id = %s"
    assert await product.count(moved, newest) == 1
