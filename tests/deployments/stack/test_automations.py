"""Automations of automations.yaml: registered, changed by operators, fired by a run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.server.events.schemas.automations import AutomationCore as ServersAutomation
from prefect.settings import get_current_settings
from prefect.states import Failed, Running, Scheduled

from deployments.stack.automations import REGISTERED, read_automations, register_automations
from deployments.stack.registration import DECLARATION
from flows.build import build_widget
from flows.housekeeping import housekeeping
from flows.recrawl import recrawl_widgets
from tests.flow_runs import run_deployment
from tests.product import Product

DECLARED: list[dict[str, Any]] = read_automations()
NIGHTLY_RED = "widget-builder-nightly-red"
ZOMBIE = "widget-builder-zombie"
each_automation = pytest.mark.parametrize("each", DECLARED, ids=[one["name"] for one in DECLARED])


@pytest.fixture
async def client(product: Product) -> AsyncIterator[PrefectClient]:
    """A client of a server that the stack has registered at; afterwards it is as at first."""
    async with product.prefect() as client:
        yield client
        for each in DECLARED:
            for automation in await client.read_automations_by_name(each["name"]):
                await client.delete_automation(automation.id)
        await client.delete_variable_by_name(REGISTERED)
        await register_automations(client, DECLARED)


async def find(client: PrefectClient, name: str) -> list[Automation]:
    """The automations of that name."""
    return await client.read_automations_by_name(name)


def declared(name: str) -> dict[str, Any]:
    """The automation of that name in the file."""
    return next(each for each in DECLARED if each["name"] == name)


def later(name: str, **changes: Any) -> list[dict[str, Any]]:
    """A later version of the file, in which one automation has changed."""
    return [each | (changes if each["name"] == name else {}) for each in DECLARED]


@asynccontextmanager
async def planned_run(client: PrefectClient, name: str) -> AsyncIterator[UUID]:
    """A run of a deployment that no worker takes."""
    deployment = await client.read_deployment_by_name(name)
    tomorrow: State[Any] = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(days=1))
    run = await client.create_flow_run_from_deployment(deployment.id, state=tomorrow)
    try:
        yield run.id
    finally:
        await client.delete_flow_run(run.id)


async def events_of(client: PrefectClient, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    response = await client.request("POST", "/events/filter", json={"filter": wanted})
    events: list[dict[str, Any]] = response.json()["events"]
    return events


async def until_fired(client: PrefectClient, name: str) -> dict[str, Any]:
    """The first event that says that the automation was triggered."""
    (automation,) = await find(client, name)
    wanted = {
        "event": {"name": ["prefect.automation.triggered"]},
        "resource": {"id": [f"prefect.automation.{automation.id}"]},
    }
    async with asyncio.timeout(60):
        while not (fired := await events_of(client, wanted)):
            await asyncio.sleep(0.2)
    return fired[-1]


@each_automation
def test_prefect_itself_can_read_it(each: dict[str, Any]) -> None:
    """The models behind `prefect automation create --from-file` and of the server; the name tells whose it is."""
    automation = AutomationCore.model_validate(each)
    ServersAutomation.model_validate(automation.model_dump(mode="json"))
    assert automation.name.startswith("widget-builder-")
    assert automation.description


@each_automation
def test_it_tells_and_does_nothing_to_runs(each: dict[str, Any]) -> None:
    """The sweeper alone restarts and ends them."""
    assert [action["type"] for action in each["actions"]] == ["do-nothing"]


@each_automation
def test_it_watches_flows_that_there_are(each: dict[str, Any]) -> None:
    """By the names that Prefect knows them by."""
    names = each["trigger"]["match_related"]["prefect.resource.name"]
    known = {flow.name for flow in (build_widget, recrawl_widgets, housekeeping)}
    assert len(yaml.safe_load(DECLARATION.read_text())["deployments"]) == len(known)
    assert {names} <= known if isinstance(names, str) else set(names) <= known


async def test_a_started_stack_has_each_automation_once(product: Product) -> None:
    """A further registration adds none."""
    async with product.prefect() as client:
        for each in 2 * DECLARED:
            (known,) = await find(client, each["name"])
            wanted = AutomationCore.model_validate(each)
            assert (known.enabled, known.trigger, known.actions) == (True, wanted.trigger, wanted.actions)
            await register_automations(client, DECLARED)


async def test_what_an_operator_has_changed_stays_and_the_rest_follows_the_file(client: PrefectClient) -> None:
    """Field by field: a disabled automation with another threshold gets the new description."""
    name = "widget-builder-failures"
    (known,) = await find(client, name)
    trigger = known.trigger.model_copy(update={"threshold": 3})
    changed = AutomationCore.model_validate(known.model_dump(exclude={"id", "owner_resource"}))
    await client.update_automation(known.id, changed.model_copy(update={"enabled": False, "trigger": trigger}))
    await register_automations(client, DECLARED)
    (kept,) = await find(client, name)
    assert (kept.id, kept.enabled, kept.trigger) == (known.id, False, trigger)

    new = declared(name)["trigger"] | {"threshold": 50}
    await register_automations(client, later(name, description="Later words.", trigger=new))
    (kept,) = await find(client, name)
    assert (kept.id, kept.description, kept.enabled, kept.trigger) == (known.id, "Later words.", False, trigger)


async def test_an_automation_that_nobody_has_changed_follows_the_file(client: PrefectClient) -> None:
    """It stays the same one, with its history."""
    (known,) = await find(client, NIGHTLY_RED)
    new = declared(NIGHTLY_RED)["trigger"] | {"threshold": 2}
    await register_automations(client, later(NIGHTLY_RED, trigger=new))
    (updated,) = await find(client, NIGHTLY_RED)
    assert (updated.id, updated.trigger.model_dump()["threshold"]) == (known.id, 2)


async def test_an_automation_that_an_operator_has_deleted_stays_away(client: PrefectClient) -> None:
    """Also when the file changes."""
    (known,) = await find(client, NIGHTLY_RED)
    await client.delete_automation(known.id)
    await register_automations(client, DECLARED)
    await register_automations(client, later(NIGHTLY_RED, description="Later words."))
    assert await find(client, NIGHTLY_RED) == []


async def test_a_nightly_run_that_fails_is_told(client: PrefectClient) -> None:
    """As an event of the automation, to which a notification can be attached."""
    async with planned_run(client, "recrawl-widgets/nightly") as run_id:
        await client.set_flow_run_state(run_id, Failed(message="1 of 2 widgets rebuilt"), force=True)
        await until_fired(client, NIGHTLY_RED)


async def test_a_run_that_sends_nothing_is_told_and_one_that_has_ended_is_not(
    product: Product, client: PrefectClient
) -> None:
    """After Prefect's shortest time here, which a heartbeat must not come into."""
    short = declared(ZOMBIE)["trigger"] | {"within": 10}
    await register_automations(client, later(ZOMBIE, trigger=short))
    await run_deployment(product, "housekeeping/housekeeping", {})
    async with planned_run(client, "housekeeping/housekeeping") as run_id:
        await client.set_flow_run_state(run_id, Running(), force=True)
        event = await until_fired(client, ZOMBIE)
        # The first to be told: the run that has ended would have been before.
        assert event["payload"]["triggering_labels"] == {"prefect.resource.id": f"prefect.flow-run.{run_id}"}


async def test_a_run_sends_the_heartbeats_that_are_waited_for(product: Product, client: PrefectClient) -> None:
    """With its flow's name, by which the automation knows it; three may be lost."""
    run = await run_deployment(product, "housekeeping/housekeeping", {})
    wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run.id}"]}}
    async with asyncio.timeout(30):
        while not (events := await events_of(client, wanted)):
            await asyncio.sleep(0.2)
    roles = {related["prefect.resource.role"]: related for related in events[0]["related"]}
    assert roles["flow"]["prefect.resource.name"] == "housekeeping"
    interval = get_current_settings().flows.heartbeat_frequency
    assert interval is not None
    assert declared(ZOMBIE)["trigger"]["within"] > 3 * interval
