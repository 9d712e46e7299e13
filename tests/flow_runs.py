"""Flow runs of a product: started, scheduled again, waited for."""

import asyncio
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State, StateType

from tasks.records.builds import read_build
from tasks.records.run_notices import notify_workers
from tests.product import Product

BUILD = "build-widget/build"
END_S = 150
"""Seconds until a run must have ended, on a busy machine too."""


async def find_run(product: Product, build_id: str) -> FlowRun:
    """The flow run of the build."""
    build = await read_build(product.pool, UUID(build_id))
    assert build.flow_run_id is not None
    async with product.prefect() as client:
        return await client.read_flow_run(build.flow_run_id)


async def start_deployment(product: Product, name: str, parameters: dict[str, Any]) -> FlowRun:
    """Start a run of a deployment; the worker need not wait for its next poll."""
    async with product.prefect() as client:
        deployment = await client.read_deployment_by_name(name)
        run = await client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
    await notify_workers(product.pool)
    return run


async def run_deployment(product: Product, name: str, parameters: dict[str, Any]) -> FlowRun:
    """Run a deployment to its end."""
    return await end_of(product, (await start_deployment(product, name, parameters)).id)


async def retry(product: Product, run_id: UUID) -> FlowRun:
    """The run, scheduled again as Prefect's UI does it, and waited for."""
    async with product.prefect() as client:
        state = State[Any](type=StateType.SCHEDULED, name="AwaitingRetry", message="Retry from the UI")
        await client.set_flow_run_state(run_id, state)
    await notify_workers(product.pool)
    return await end_of(product, run_id)


async def end_of(product: Product, run_id: UUID) -> FlowRun:
    """The run, once it has ended."""
    async with product.prefect() as client, asyncio.timeout(END_S):
        while (run := await client.read_flow_run(run_id)).state is None or not run.state.is_final():
            await asyncio.sleep(0.2)
    return run
