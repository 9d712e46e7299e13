"""Registration at a Prefect server: concurrency limits, the work pool, deployments (prefect.yaml), automations."""

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectException
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.stack.automations import read_automations, register_automations
from deployments.worker.warm_worker import WORKER_TYPE, WarmWorker
from flows.rebuild_runs import QUEUE
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings

START_TIMEOUT_S = 240.0
ATTEMPTS = 3
QUEUE_PRIORITY = 2
"""That of the default queue is 1, and comes first."""
DECLARATION = Path(__file__).parent.parent.parent / "prefect.yaml"


async def register_deployments(settings: Settings) -> None:
    """Create or update limits, work pool, deployments and automations on the server at PREFECT_API_URL.

    Raises:
        DependencyUnavailable: the server does not answer, or returns an error.
    """
    declared = yaml.safe_load(DECLARATION.read_text())["deployments"]
    try:
        async with get_client(sync_client=False) as client:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return await _register_all(client, settings, declared)
                except ObjectAlreadyExists:
                    # Another process registers too, or a lost response was retried: the next attempt is an update.
                    if attempt == ATTEMPTS:
                        raise
    except (httpx.HTTPError, PrefectException) as error:
        remedy = "check PREFECT_API_URL, and PREFECT_API_AUTH_STRING or PREFECT_API_KEY"
        raise DependencyUnavailable("Prefect", f"{type(error).__name__}: {error}", remedy) from error


async def wait_and_register(settings: Settings) -> None:
    """Wait for a server that is still starting, then register.

    Raises:
        DependencyUnavailable: the server does not come up in time, or returns an error.
    """
    async with get_client(sync_client=False) as client:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while await client.api_healthcheck() is not None:
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            problem = f"no answer within {START_TIMEOUT_S:g} s"
            raise DependencyUnavailable("Prefect", problem, "check PREFECT_API_URL") from error
    await register_deployments(settings)


async def _register_all(client: PrefectClient, settings: Settings, declared: list[dict[str, Any]]) -> None:
    await register_limits(client, settings)
    for pool in sorted({deployment["work_pool"]["name"] for deployment in declared}):
        await _register_pool(client, pool)
        await _register_queue(client, settings, pool)
    for deployment in declared:
        await register_deployment(client, deployment)
    await register_automations(client, read_automations())


async def register_limits(client: PrefectClient, settings: Settings) -> None:
    """Create the limits of lanes; of one that is there, an operator's number stays unless its setting is given."""
    for name, limit in settings.max_lanes.items():
        if settings.sets_lanes(name) or not await _has_limit(client, name):
            await client.upsert_global_concurrency_limit_by_name(name, limit)


async def _has_limit(client: PrefectClient, name: str) -> bool:
    try:
        await client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        return False
    return True


async def _register_pool(client: PrefectClient, name: str) -> None:
    template = WarmWorker.get_default_base_job_template()
    try:
        await client.create_work_pool(WorkPoolCreate(name=name, type=WORKER_TYPE, base_job_template=template))
    except ObjectAlreadyExists:
        # The pool of an operator, e.g. of type `process`, is kept: it serves the deployments as well.
        return


async def _register_queue(client: PrefectClient, settings: Settings, pool: str) -> None:
    """Create the queue of scheduled builds, after the default one; of a queue that is there, an operator's limit stays
    unless the setting is given."""
    try:
        await client.create_work_queue(
            QUEUE, concurrency_limit=settings.recrawls, priority=QUEUE_PRIORITY, work_pool_name=pool
        )
    except ObjectAlreadyExists:
        if "recrawls" in settings.model_fields_set:
            queue = await client.read_work_queue_by_name(QUEUE, work_pool_name=pool)
            await client.update_work_queue(queue.id, concurrency_limit=settings.recrawls)


async def register_deployment(client: PrefectClient, declared: dict[str, Any]) -> None:
    """Create or update a deployment; the schedules of an existing one stay."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(declared["entrypoint"])
    known = await _find_deployment(client, f"{flow.name}/{declared['name']}")
    common: dict[str, Any] = {
        "description": declared["description"],
        "version": version("ai-widget-builder"),
        "tags": declared["tags"],
        "work_pool_name": declared["work_pool"]["name"],
        "work_queue_name": declared["work_pool"]["work_queue_name"],
        "entrypoint": declared["entrypoint"],
        "parameter_openapi_schema": parameter_schema(flow).model_dump(),
    }
    schedules = [_schedule(schedule) for schedule in declared["schedules"]]
    if known is None:
        flow_id = await client.create_flow(flow)
        await client.create_deployment(flow_id, declared["name"], schedules=schedules, **common)
        return
    # Creating it again would delete its schedules, and those of the widgets are nowhere else.
    await client.update_deployment(known.id, DeploymentUpdate(**common))
    for schedule in schedules:
        await _register_schedule(client, known, schedule)


async def _find_deployment(client: PrefectClient, name: str) -> DeploymentResponse | None:
    try:
        return await client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


async def _register_schedule(
    client: PrefectClient, deployment: DeploymentResponse, wanted: DeploymentScheduleCreate
) -> None:
    """Create a declared schedule; one that is there stays as an operator has left it."""
    if not any(wanted.slug == known.slug or wanted.schedule == known.schedule for known in deployment.schedules):
        await client.create_deployment_schedules(deployment.id, [(wanted.schedule, wanted.active)], slug=wanted.slug)


def _schedule(declared: dict[str, Any]) -> DeploymentScheduleCreate:
    cron = CronSchedule(cron=declared["cron"], timezone=declared["timezone"])
    return DeploymentScheduleCreate(schedule=cron, active=declared["active"], slug="nightly")
