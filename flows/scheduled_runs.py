"""Runs that Prefect has planned by a widget's own schedule: when they start, and whether they still have work to do.

Prefect's schedules know no jitter: a planned run that has one is scheduled again at its start, for a later time, and
holds no place of the worker until then.
"""

import logging
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, PrefectException
from prefect.states import Scheduled

from flows.prepared_web import close_prepared_web
from tasks.core.database import Pool
from tasks.core.errors import BuildEnded, NotFound
from tasks.core.models import BuildRequest
from tasks.core.rules import WidgetRules
from tasks.core.schedules import widget_of
from tasks.records.builds import was_read_since
from tasks.records.widgets import read_rules

logger = logging.getLogger("widget_builder.flows")

DEPLOYMENT = "build-widget/build"


def planned_run() -> FlowRun | None:
    """Return the present run if a schedule has planned it."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run if run is not None and run.auto_scheduled else None


def planned_widget() -> UUID | None:
    """Return the widget whose schedule has planned the present run, by the schedule's name.

    Its parameters would say so too, but Prefect (3.8.8) drops those of a schedule that is paused or resumed.
    """
    run = planned_run()
    return widget_of(run.created_by.display_value, {}) if run is not None and run.created_by else None


async def start_later(jitter_s: float) -> None:
    """Return when the run is to start now; at its first start, schedule a planned one again, within the seconds.

    Raises:
        Abort: it is scheduled again, and its process ends.
    """
    run = planned_run()
    if run is None or run.run_count > 1 or jitter_s <= 0:
        return
    # The same time however often it is asked.
    delay_s = random.Random(str(run.id)).random() * jitter_s
    due = (run.expected_start_time or datetime.now(UTC)) + timedelta(seconds=delay_s)
    later: State[Any] = Scheduled(scheduled_time=due, message=f"Starts {delay_s:.0f} s later by the schedule's jitter.")
    async with get_client(sync_client=False) as client:
        await client.set_flow_run_state(run.id, later, force=True)
    await close_prepared_web()
    signal = Abort(later.message)
    # Prefect's engine takes the run's state from here.
    signal.state = later  # type: ignore[attr-defined]
    raise signal


async def check_is_due(pool: Pool, widget_id: UUID) -> None:
    """Return if the present run has work to do.

    Raises:
        BuildEnded: it was planned for a time before the widget's latest reading, as after days without a worker.
    """
    run = planned_run()
    if run is not None and run.expected_start_time and await was_read_since(pool, widget_id, run.expected_start_time):
        raise BuildEnded("The site has been read since this run was due.")


async def read_own_rules(pool: Pool, widget_id: UUID) -> tuple[str, WidgetRules]:
    """Return address and rules of the widget that the present run builds; of a deleted one, delete the schedules.

    Raises:
        NotFound: there is no such widget.
        BuildEnded: there is none any more, and the run was planned by its schedule.
    """
    try:
        return await read_rules(pool, widget_id)
    except NotFound as error:
        if planned_run() is None:
            raise
        await _delete_schedules(widget_id)
        raise BuildEnded("The widget no longer exists, and its schedule is deleted.") from error


async def _delete_schedules(widget_id: UUID) -> None:
    async with get_client(sync_client=False) as client:
        deployment = await client.read_deployment_by_name(DEPLOYMENT)
        for each in deployment.schedules:
            if widget_of(each.slug, each.parameters) == widget_id:
                await client.delete_deployment_schedule(deployment.id, each.id)


def name_of(url: str) -> str:
    """Return the name of a run that reads the site: host and path."""
    parts = urlsplit(url)
    return parts.netloc + parts.path.rstrip("/")


async def show_request(request: BuildRequest) -> None:
    """Name a planned run after its site, and show the rules that it obeys as its parameters, for "Run again"."""
    if (run := planned_run()) is None:
        return
    parameters = {"widget_id": str(planned_widget())} | run.parameters | request.parameters
    try:
        async with get_client(sync_client=False) as client:
            await client.update_flow_run(run.id, parameters=parameters, name=name_of(request.url))
    except (httpx.HTTPError, PrefectException) as error:
        logger.info("the run's parameters could not be completed: %s", error)


async def find_scheduled_widgets(client: PrefectClient) -> set[UUID]:
    """Return the widgets that have a schedule of their own, also a paused one."""
    deployment = await client.read_deployment_by_name(DEPLOYMENT)
    return {found for each in deployment.schedules if (found := widget_of(each.slug, each.parameters))}
