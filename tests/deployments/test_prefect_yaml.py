"""prefect.yaml, as `widget-builder register` and `prefect deploy` read it, agrees with the code."""

import inspect
import re
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import Flow, load_flow_from_entrypoint

from api.builds.prefect_runs import BUILD_DEPLOYMENT
from deployments.stack.registration import DECLARATION
from deployments.worker.own_flows import ENTRYPOINTS, find_flow
from deployments.worker.warm_worker import WORK_POOL
from tasks.core.models import BuildRequest

DECLARED: dict[str, Any] = yaml.safe_load(DECLARATION.read_text())
DEPLOYMENTS: list[dict[str, Any]] = DECLARED["deployments"]
SCHEDULES = [schedule for deployment in DEPLOYMENTS for schedule in deployment["schedules"]]
each_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=[each["name"] for each in DEPLOYMENTS])


def load(deployment: dict[str, Any]) -> Flow[..., Any]:
    """The flow of a deployment."""
    return load_flow_from_entrypoint(deployment["entrypoint"])


def named(name: str) -> dict[str, Any]:
    """The deployment of that name, as in `flow/deployment`."""
    return next(each for each in DEPLOYMENTS if f"{load(each).name}/{each['name']}" == name)


def test_prefect_itself_can_read_it() -> None:
    """The model behind `prefect deploy --all`; the version is the installed one."""
    read = PrefectYamlModel.model_validate(DECLARED)
    assert [each.name for each in read.deployments] == ["build", "nightly", "housekeeping"]
    assert read.prefect_version == version("prefect")


@each_deployment
def test_its_entrypoint_is_a_flow_in_dotted_form(deployment: dict[str, Any]) -> None:
    """A path would put `flows/` first on `sys.path`, where its modules shadow others."""
    assert re.fullmatch(r"flows(\.\w+)+", deployment["entrypoint"])
    assert load(deployment).fn.__module__ == deployment["entrypoint"].rpartition(".")[0]


@each_deployment
def test_its_parameters_fit_the_flow(deployment: dict[str, Any]) -> None:
    """Parameters have the flow's names; a scheduled run lacks none."""
    signature = inspect.signature(load(deployment).fn)
    given = deployment.get("parameters", {})
    if deployment["schedules"]:
        signature.bind(**given)
    else:
        signature.bind_partial(**given)


def test_what_the_api_passes_fits_the_build_flow() -> None:
    """The deployment that the API starts is declared, and takes the parameters of a request."""
    flow = load(named(BUILD_DEPLOYMENT))
    request = BuildRequest(url="https://example.com/", depth=2, max_pages=10)
    assert flow.validate_parameters(request.model_dump(mode="json") | {"build_id": "0" * 32})


def test_builds_start_on_request_only() -> None:
    """A scheduled build would have no URL."""
    assert named(BUILD_DEPLOYMENT)["schedules"] == []


def test_knowledge_is_renewed_on_a_schedule() -> None:
    """The re-crawl is due every night, and is active."""
    (schedule,) = next(each for each in DEPLOYMENTS if each["name"] == "nightly")["schedules"]
    assert schedule["active"] is True
    assert schedule["cron"].split()[2:] == ["*", "*", "*"]


@pytest.mark.parametrize("schedule", SCHEDULES)
async def test_a_schedule_is_a_cron_line_with_a_time_zone(schedule: dict[str, Any]) -> None:
    """Prefect accepts it, and the time zone exists."""
    cron = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
    assert cron.timezone == schedule["timezone"]
    assert ZoneInfo(schedule["timezone"])


@each_deployment
def test_it_runs_in_the_pool_that_the_worker_serves(deployment: dict[str, Any]) -> None:
    """Runs in another pool would never start."""
    assert deployment["work_pool"]["name"] == WORK_POOL


@each_deployment
def test_it_needs_nothing_but_the_installed_packages(deployment: dict[str, Any]) -> None:
    """No step fetches or builds code; what `register` reads of it is written out."""
    for place in (DECLARED, deployment):
        assert not [step for step in ("build", "push", "pull") if place.get(step)]
    assert {"name", "description", "entrypoint", "tags", "work_pool", "schedules"} <= set(deployment)


def test_workers_run_every_declared_flow_and_no_other() -> None:
    """The flow in the worker's table is the one that Prefect would load."""
    assert {each["entrypoint"] for each in DEPLOYMENTS} == set(ENTRYPOINTS)
    assert [find_flow(each["entrypoint"]) is load(each) for each in DEPLOYMENTS] == [True] * 3
