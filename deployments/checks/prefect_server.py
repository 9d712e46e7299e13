"""Check of a Prefect server: version, deployments, workers."""

import asyncio
import re
from typing import Any

import httpx
import prefect
import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import WorkerStatus
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

from deployments.stack.registration import DECLARATION
from tasks.core.errors import DependencyUnavailable

ANSWER_TIMEOUT_S = 5.0
"""Seconds until the first response: Prefect's client retries a failed request for much longer."""
REGISTER = "run `widget-builder register`"


async def check_server(url: str, auth_string: str | None = None) -> str:
    """Return the server's version, our deployments on it, and the number of workers online for them.

    Without an auth string, Prefect's own settings have the credentials.

    Raises:
        DependencyUnavailable: the server does not answer, refuses the login, is older than its clients, is not
            registered, or has no worker.
    """
    declared = yaml.safe_load(DECLARATION.read_text())["deployments"]
    auth_string, api_key = auth_string or PREFECT_API_AUTH_STRING.value(), PREFECT_API_KEY.value()
    try:
        async with PrefectClient(url, auth_string=auth_string, api_key=api_key) as client:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                found = await client.api_version()
            _check_version(found)
            workers = await _count_workers(client, declared)
            names = await _find_deployments(client, declared)
    except TimeoutError as error:
        raise _not_answering(url, f"no answer within {ANSWER_TIMEOUT_S:g} s") from error
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in (401, 403):
            raise _not_answering(url, f"HTTP {error.response.status_code}") from error
        problem = f"{url} refuses the login" if auth_string or api_key else f"{url} asks for a login"
        remedy = "set PREFECT_API_AUTH_STRING to its user:password, or PREFECT_API_KEY to a key of it"
        raise DependencyUnavailable("Prefect", problem, remedy) from error
    except (httpx.HTTPError, httpx.InvalidURL, PrefectException, OSError, ValueError) as error:
        raise _not_answering(url, str(error).strip().split("\n")[0] or type(error).__name__) from error
    if not workers:
        pool = declared[0]["work_pool"]["name"]
        remedy = f"run `prefect worker start --pool {pool}` where the product is installed"
        raise DependencyUnavailable("Prefect", f"no worker is online for the work pool {pool}", remedy)
    return f"{found} at {url}, deployments {', '.join(names)}, workers online: {workers}"


def _not_answering(url: str, why: str) -> DependencyUnavailable:
    remedy = "start the server, or correct PREFECT_API_URL, which ends in /api"
    return DependencyUnavailable("Prefect", f"{url} does not answer as a Prefect server does: {why}", remedy)


def _check_version(server: str) -> None:
    """Apply Prefect's rule: the same major version, and no client newer than its server."""
    ours = prefect.__version__
    theirs, least = (tuple(int(part) for part in re.findall(r"\d+", text)[:3]) for text in (server, ours))
    if theirs[:1] != least[:1] or theirs < least:
        problem = f"the server's version {server} is not compatible with {ours} here"
        raise DependencyUnavailable("Prefect", problem, f"run Prefect {ours} on the server, or a later 3.x")


async def _count_workers(client: PrefectClient, declared: list[dict[str, Any]]) -> int:
    pool = declared[0]["work_pool"]["name"]
    try:
        # For a missing pool, `read_workers_for_work_pool` raises an error that does not name the cause.
        await client.read_work_pool(pool)
    except ObjectNotFound as error:
        raise DependencyUnavailable("Prefect", f"the server has no work pool {pool}", REGISTER) from error
    workers = await client.read_workers_for_work_pool(pool)
    return sum(worker.status == WorkerStatus.ONLINE for worker in workers)


async def _find_deployments(client: PrefectClient, declared: list[dict[str, Any]]) -> list[str]:
    """Return the names of prefect.yaml's deployments; all of them exist on the server."""
    wanted = {deployment["name"]: deployment["entrypoint"] for deployment in declared}
    found = await client.read_deployments(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=list(wanted)))
    )
    known = {(deployment.name, deployment.entrypoint) for deployment in found}
    if missing := [name for name, entrypoint in wanted.items() if (name, entrypoint) not in known]:
        raise DependencyUnavailable("Prefect", f"the server lacks the deployments {', '.join(missing)}", REGISTER)
    return list(wanted)
