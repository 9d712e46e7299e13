"""A widget's own schedule: one of the build deployment in Prefect, which is the only place that knows it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun, StateType
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.states import Scheduled

from deployments.stack.registration import DECLARATION, register_deployment
from flows.rebuild_runs import QUEUE
from flows.scheduled_runs import find_scheduled_widgets
from tasks.core.addresses import NOT_REACHABLE
from tasks.records.builds import find_run_build, was_read_since
from tasks.records.run_notices import notify_workers
from tests.flow_runs import BUILD, end_of
from tests.placing import Placer
from tests.product import Product
from tests.sites.generated import generated_site
from tests.web.canaries import open_listener

WEEKLY = {"cron": "0 3 * * mon", "timezone": "Europe/Berlin", "jitter_s": 600, "active": True}


@dataclass(frozen=True)
class Owned:
    """A widget of a small site, as its owner and as an operator of Prefect see it."""

    product: Product
    client: PrefectClient
    widget_id: UUID
    owner: dict[str, str]

    async def patch(self, **changes: Any) -> httpx.Response:
        """The owner's changes."""
        return await self.product.http.patch(f"/api/widgets/{self.widget_id}", json=changes, headers=self.owner)

    async def show(self) -> dict[str, Any]:
        """The widget as its owner sees it."""
        shown: dict[str, Any] = (
            await self.product.http.get(f"/api/widgets/{self.widget_id}", headers=self.owner)
        ).json()
        return shown

    async def schedules(self) -> list[DeploymentSchedule]:
        """The widget's schedules in Prefect."""
        found = (await self.client.read_deployment_by_name(BUILD)).schedules
        return [each for each in found if each.slug == f"widget-{self.widget_id}"]

    async def planned(self) -> list[FlowRun]:
        """The widget's planned runs in Prefect that have not started yet, the next one first."""
        scheduled = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
        runs = await self.client.read_flow_runs(flow_run_filter=FlowRunFilter(state=scheduled))
        name = f"widget-{self.widget_id}"
        new = [run for run in runs if run.run_count == 0]
        own = [run for run in new if run.created_by and run.created_by.display_value == name]
        return sorted(own, key=lambda run: run.expected_start_time or datetime.now(UTC))

    async def next_run(self) -> FlowRun:
        """The next run; Prefect plans it now, and not only when its scheduler comes by."""
        deployment = await self.client.read_deployment_by_name(BUILD)
        await self.client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment.id}, json={})
        return (await self.planned())[0]


@pytest.fixture
async def owned(product: Product, place: Placer) -> AsyncIterator[Owned]:
    """A widget of two pages whose site is up."""
    async with generated_site(2, 1, 0) as site, product.prefect() as client:
        placed = await place(site.url)
        yield Owned(product, client, UUID(placed.widget_id), placed.owner)


async def test_a_schedule_is_prefects_own_and_changes_made_there_are_shown(owned: Owned) -> None:
    """It survives a registration, keeps the widget out of the nightly re-crawl, and goes with null or the widget."""
    set_ = (await owned.patch(schedule=WEEKLY)).json()
    assert set_["schedule"] == WEEKLY
    assert datetime.fromisoformat(set_["next_read_at"]).weekday() == 0
    declared = yaml.safe_load(DECLARATION.read_text())["deployments"]
    await register_deployment(owned.client, next(each for each in declared if each["name"] == "build"))
    (kept,) = await owned.schedules()
    run = await owned.next_run()
    assert (run.auto_scheduled, run.work_queue_name) == (True, QUEUE)
    assert run.expected_start_time == datetime.fromisoformat(set_["next_read_at"])
    assert owned.widget_id in await find_scheduled_widgets(owned.client)

    interval = IntervalSchedule(interval=timedelta(hours=2), timezone="UTC")
    deployment = await owned.client.read_deployment_by_name(BUILD)
    await owned.client.update_deployment_schedule(
        deployment.id, kept.id, active=False, schedule=interval, parameters=kept.parameters
    )
    shown = await owned.show()
    assert shown["schedule"] == {"interval_s": 7_200, "timezone": "UTC", "jitter_s": 600, "active": False}
    assert shown["next_read_at"] is None

    assert (await owned.patch(schedule=None)).json()["schedule"] is None
    (listed,) = (await owned.product.http.get("/api/widgets", headers=owned.owner)).json()["widgets"]
    assert datetime.fromisoformat(listed["next_read_at"]).hour == 3
    assert (await owned.schedules(), await owned.planned()) == ([], [])
    daily = (await owned.patch(schedule={"interval_s": 86_400})).json()
    assert timedelta() < datetime.fromisoformat(daily["next_read_at"]) - datetime.now(UTC) <= timedelta(days=1)
    assert len(await owned.schedules()) == 1
    (listed,) = (await owned.product.http.get("/api/widgets", headers=owned.owner)).json()["widgets"]
    assert listed["next_read_at"] == daily["next_read_at"]
    await owned.product.http.delete(f"/api/widgets/{owned.widget_id}", headers=owned.owner)
    assert await owned.schedules() == []


async def test_a_run_of_a_widget_that_is_gone_deletes_its_schedule(owned: Owned) -> None:
    """As when Prefect did not answer at the deletion; it is cancelled, not failed."""
    await owned.product.http.delete(f"/api/widgets/{owned.widget_id}", headers=owned.owner)
    deployment = await owned.client.read_deployment_by_name(BUILD)
    weekly = IntervalSchedule(interval=timedelta(days=7))
    await owned.client.create_deployment_schedules(deployment.id, [(weekly, True)], slug=f"widget-{owned.widget_id}")
    run = await owned.next_run()
    await _start(owned, run)
    run = await end_of(owned.product, run.id)
    assert run.state is not None
    assert run.state.is_cancelled(), run.state
    assert await owned.schedules() == []


async def test_a_planned_run_rebuilds_its_widget_by_the_widgets_rules(owned: Owned) -> None:
    """With a jitter it is planned again for later at its start; its parameters show the rules it obeyed, also where
    Prefect has lost those of the schedule."""
    await owned.patch(schedule=WEEKLY, depth=0)
    run = await owned.next_run()
    assert run.expected_start_time is not None
    await _start(owned, run)
    async with asyncio.timeout(90):
        while (later := await owned.client.read_flow_run(run.id)).run_count == 0 or not (
            later.state and later.state.is_scheduled()
        ):
            await asyncio.sleep(0.2)
    assert later.next_scheduled_start_time is not None
    assert run.expected_start_time < later.next_scheduled_start_time
    assert later.next_scheduled_start_time < run.expected_start_time + timedelta(seconds=600)
    await _pause_and_resume(owned)
    run = await owned.next_run()
    await _start(owned, run)
    run = await end_of(owned.product, run.id)
    assert run.state is not None
    assert run.state.is_completed(), run.state
    build = await find_run_build(owned.product.pool, run.id)
    active = "SELECT count(*) FROM widgets WHERE id = %s AND active_job_id = %s"
    assert await owned.product.count(active, owned.widget_id, build) == 1
    assert (run.parameters["depth"], run.parameters["widget_id"]) == (0, str(owned.widget_id))
    assert await was_read_since(owned.product.pool, owned.widget_id, datetime.now(UTC) - timedelta(minutes=5))
    assert not await was_read_since(owned.product.pool, owned.widget_id, datetime.now(UTC))


@pytest.mark.parametrize("host", ["::1", "127.0.0.1"])
async def test_a_planned_run_does_not_contact_an_address_that_is_private_by_now(owned: Owned, host: str) -> None:
    """The worker checks the recorded address again; the run says why it failed, and the widget keeps its knowledge."""
    async with open_listener(host) as canary:
        private = f"http://[::1]:{canary.port}/" if host == "::1" else f"http://0.0.0.0:{canary.port}/"
        async with owned.product.pool.connection() as connection:
            await connection.execute("UPDATE scrape_jobs SET url = %s WHERE widget_id = %s", (private, owned.widget_id))
        await owned.patch(schedule={"interval_s": 86_400})
        run = await owned.next_run()
        await _start(owned, run)
        run = await end_of(owned.product, run.id)
        assert canary.sung == []
    assert run.state is not None
    assert run.state.is_failed()
    assert NOT_REACHABLE in (run.state.message or "")
    shown = await owned.product.http.get(f"/api/public/widgets/{owned.widget_id}/search", params={"q": "anything"})
    assert shown.json()["results"]


async def _pause_and_resume(owned: Owned) -> None:
    """Switch the schedule off and on as Prefect's UI does it, which drops its parameters and plans its runs anew."""
    deployment = await owned.client.read_deployment_by_name(BUILD)
    (schedule,) = await owned.schedules()
    for active in (False, True):
        await owned.client.update_deployment_schedule(deployment.id, schedule.id, active=active)


async def _start(owned: Owned, run: FlowRun) -> None:
    """Make the run due, as the passing of time would."""
    await owned.client.set_flow_run_state(run.id, Scheduled(), force=True)
    await notify_workers(owned.product.pool)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("schedule.cron", {"cron": "every day"}),
        ("schedule.cron", {"cron": "* * * * *"}),
        ("schedule.cron", {"cron": "0,30 3 * * *"}),
        ("schedule.cron", {"cron": "0 0 30 2 *"}),
        ("schedule.interval_s", {"interval_s": 600}),
        ("schedule.timezone", {"cron": "0 3 * * *", "timezone": "Mars/Olympus"}),
        ("schedule.jitter_s", {"interval_s": 7_200, "jitter_s": 7_201}),
        ("schedule", {"cron": "0 3 * * *", "interval_s": 7_200}),
        ("schedule", {}),
    ],
)
async def test_a_schedule_that_prefect_or_the_settings_refuse_is_refused_with_its_field(
    product: Product, field: str, wrong: dict[str, Any]
) -> None:
    """Nothing reaches Prefect; the message has what is expected."""
    statement = (
        "INSERT INTO widgets (id, site_url, name) VALUES (gen_random_uuid(), 'https://a.example/', '') RETURNING id"
    )
    async with product.pool.connection() as connection:
        row = await (await connection.execute(statement)).fetchone()
    assert row is not None
    admin = {"Authorization": f"Bearer {product.info.admin_token}"}
    refused = await product.http.patch(f"/api/widgets/{row[0]}", json={"schedule": wrong}, headers=admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "schedule_invalid")
    assert refused.json()["error"]["field"] == field
