"""Tags of a build's run, by which Prefect's UI finds it: its widget, workspace and outcome."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

from flows.progress import Progress
from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Job
from tasks.records.widgets import read_widget

OUTCOME = "outcome:"
RECRAWL = "recrawl"
TIMEOUT_S = 5.0
"""Seconds that Prefect's server has to take them: the build does not depend on it."""


@asynccontextmanager
async def tagged_run(pool: Pool, job: Job, progress: Progress) -> AsyncIterator[None]:
    """Tag the present run with its widget and workspace, and with its outcome when the context is left."""
    own = await _tags_of(pool, job)
    await _save_tags(own)
    try:
        yield
    finally:
        await _save_tags([*own, f"{OUTCOME}{progress.outcome or 'crashed'}"])


async def _tags_of(pool: Pool, job: Job) -> list[str]:
    try:
        workspace_id = (await read_widget(pool, job.widget_id)).workspace_id
    except NotFound:  # Deleted meanwhile: the build ends at its next write.
        workspace_id = None
    workspace = [] if workspace_id is None else [f"workspace:{workspace_id}"]
    return [f"widget:{job.widget_id}", *workspace, *([] if job.replaces is None else [RECRAWL])]


async def _save_tags(own: Iterable[str]) -> None:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None:
        return
    # A run that is tried again has the outcome of its attempt before.
    kept = [tag for tag in run.tags if not tag.startswith(OUTCOME)]
    try:
        async with asyncio.timeout(TIMEOUT_S), get_client(sync_client=False) as client:
            await client.update_flow_run(run.id, tags=sorted({*kept, *own}))
    except (httpx.HTTPError, PrefectException, TimeoutError) as error:
        get_run_logger().info("The run's tags could not be sent to Prefect: %s", error)
