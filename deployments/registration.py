"""What a Prefect server must know of us: limits, the work pool, the deployments of prefect.yaml."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists, PrefectException
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.worker import WORKER_TYPE, WarmWorker
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings, load_settings

DECLARATION = Path(__file__).parent.parent / "prefect.yaml"


async def register(settings: Settings) -> None:
    """Create or bring up to date what our flows need on the server that PREFECT_API_URL names.

    Raises:
        DependencyUnavailable: the server does not answer, or refuses.
    """
    declared = yaml.safe_load(DECLARATION.read_text())["deployments"]
    try:
        async with get_client(sync_client=False) as client:
            await _register_limits(client, settings)
            for pool in sorted({deployment["work_pool"]["name"] for deployment in declared}):
                await _register_pool(client, pool)
            for deployment in declared:
                await _register_deployment(client, deployment)
    except (httpx.HTTPError, PrefectException) as error:
        remedy = "check PREFECT_API_URL"
        raise DependencyUnavailable("Prefect", f"{type(error).__name__}: {error}", remedy) from error


async def _register_limits(client: PrefectClient, settings: Settings) -> None:
    limits = {
        "extract-browser": settings.browser_extract_workers,
        "extract-http": settings.http_extract_workers,
        "scrape": settings.scrape_workers,
        "embed": settings.embed_workers,
        "store": settings.store_workers,
    }
    for name, limit in limits.items():
        await client.upsert_global_concurrency_limit_by_name(name, limit)


async def _register_pool(client: PrefectClient, name: str) -> None:
    template = WarmWorker.get_default_base_job_template()
    try:
        await client.create_work_pool(WorkPoolCreate(name=name, type=WORKER_TYPE, base_job_template=template))
    except ObjectAlreadyExists:
        # An operator's pool, e.g. of type `process`, serves as well.
        return


async def _register_deployment(client: PrefectClient, declared: dict[str, Any]) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(declared["entrypoint"])
    flow_id = await client.create_flow(flow)
    await client.create_deployment(
        flow_id=flow_id,
        name=declared["name"],
        description=declared["description"],
        tags=declared["tags"],
        work_pool_name=declared["work_pool"]["name"],
        work_queue_name=declared["work_pool"]["work_queue_name"],
        entrypoint=declared["entrypoint"],
        schedules=[_schedule(schedule) for schedule in declared["schedules"]],
        parameter_openapi_schema=parameter_schema(flow).model_dump(),
    )


def _schedule(declared: dict[str, Any]) -> DeploymentScheduleCreate:
    cron = CronSchedule(cron=declared["cron"], timezone=declared["timezone"])
    return DeploymentScheduleCreate(schedule=cron, active=declared["active"], slug="nightly")


if __name__ == "__main__":
    asyncio.run(register(load_settings()))
