"""Deployments that are not ours, written to the Prefect server with its credentials: the worker runs none of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from deployments.worker.own_flows import ENTRYPOINTS, RECRAWL, ForeignDeployment, find_flow
from deployments.worker.warm_worker import WORK_POOL
from tasks.records.run_notices import notify_workers
from tests.flow_runs import end_of
from tests.product import Product
from tests.sites.server import Site

FLOW = """
from pathlib import Path
from prefect import flow

Path({canary!r}).write_text("imported")

@flow
def attack():
    Path({canary!r}).write_text("ran")
"""


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that only the attack makes."""
    return tmp_path / "canary"


def touched(canary: Path) -> bool:
    """Whether the attack has made its file."""
    return canary.exists()


def shell_step(canary: Path) -> dict[str, Any]:
    """A pull step that runs a command."""
    return {"prefect.deployments.steps.run_shell_script": {"script": f"touch {canary}"}}


@pytest.fixture
async def deploy(product: Product) -> AsyncIterator[Any]:
    """Create deployments in our work pool, and run them to their ends; deleted at the end."""
    made = []

    async def run(
        entrypoint: str,
        *,
        parameters: dict[str, Any] | None = None,
        variables: dict[str, Any] | None = None,
        **more: Any,
    ) -> FlowRun:
        async with product.prefect() as client:
            flow_id = (await client.read_deployment_by_name("build-widget/build")).flow_id
            deployment = await client.create_deployment(
                flow_id, f"attack-{uuid4()}", entrypoint=entrypoint, work_pool_name=WORK_POOL, **more
            )
            made.append(deployment)
            run = await client.create_flow_run_from_deployment(
                deployment, parameters=parameters, job_variables=variables
            )
        await notify_workers(product.pool)
        return await end_of(product, run.id)

    yield run
    async with product.prefect() as client:
        for deployment in made:
            await client.delete_deployment(deployment)


async def test_a_foreign_entrypoint_is_refused_with_the_reason(deploy: Any, tmp_path: Path, canary: Path) -> None:
    """By path and as a module: nothing is imported, no pull step runs, the state says what to do."""
    file = tmp_path / "attack.py"
    file.write_text(FLOW.format(canary=str(canary)))
    for entrypoint in (f"{file}:attack", "subprocess.getoutput", "flows.build:build_widget"):
        run = await deploy(entrypoint, pull_steps=[shell_step(canary)], path=str(tmp_path))
        assert run.state.is_failed(), run.state
        assert entrypoint in run.state.message
        assert "widget-builder register" in run.state.message
        assert not touched(canary)


async def test_pull_steps_beside_our_entrypoint_are_not_run(deploy: Any, company: Site, canary: Path) -> None:
    """The build is ours, and runs as ours."""
    run = await deploy(ENTRYPOINTS[0], parameters={"url": company.url, "depth": 0}, pull_steps=[shell_step(canary)])
    assert run.state.is_completed(), run.state
    assert not touched(canary)


async def test_a_deployment_has_no_say_in_the_environment(
    deploy: Any, product: Product, company: Site, tmp_path: Path, canary: Path
) -> None:
    """A browser of its own would be a command that the run's process carries out."""
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    env = {
        "WIDGET_BUILDER_BROWSER_PATH": str(program),
        "WIDGET_BUILDER_RENDER": "always",
        "PREFECT__FLOW_ENTRYPOINT": "subprocess.getoutput",
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "LD_PRELOAD": str(program),
    }
    run = await deploy(ENTRYPOINTS[0], parameters={"url": company.url, "depth": 0}, variables={"env": env})
    assert run.state.is_completed(), run.state
    assert not touched(canary)


def test_the_table_holds_no_other_flow() -> None:
    """Neither a part of a name, nor another attribute of a flow's module, nor no name."""
    for entrypoint in (None, "", "flows.build", "flows.build.load_settings", "os.system", f"{ENTRYPOINTS[0]}.fn"):
        with pytest.raises(ForeignDeployment):
            find_flow(entrypoint)


def test_the_runs_that_wait_for_others_are_those_of_the_recrawl() -> None:
    """They take no place from the builds they wait for."""
    assert find_flow(ENTRYPOINTS[1]).name == RECRAWL
