"""The job of a run: its build, which may be new, recorded, opened again, or a re-crawl of a complete one.

Prefect's UI offers "Retry", which schedules the same run again, and "Run again", which makes a run with the same
parameters. Either way a build that ended early goes on where it stopped, and a complete one is built anew; so is one
whose parameters were changed for the new run.
"""

from typing import Any
from uuid import UUID, uuid4

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows.retried_runs import read_retry_time
from flows.scheduled_runs import check_is_due, read_own_rules, show_request
from tasks.core.addresses import parse_start_url
from tasks.core.bare_addresses import find_start_urls
from tasks.core.database import Pool
from tasks.core.errors import BuildEnded
from tasks.core.models import BuildRequest, Job
from tasks.core.requests import check_bounds, make_request
from tasks.core.rules import WidgetRules
from tasks.core.settings import Settings
from tasks.records.builds import BuildRecord, find_run_build, read_build, start_build
from tasks.records.new_builds import create_build, create_rebuild
from tasks.records.resumed_builds import resume_in_run


async def find_request(
    pool: Pool, settings: Settings, url: str | None, asked: WidgetRules, widget_id: UUID | None
) -> BuildRequest:
    """Return the request that a run's parameters make; the widget's address and rules take the place of absent ones.

    Raises:
        InvalidRequest: a parameter is wrong; the message names it and its bounds.
        NotFound: there is no such widget.
        BuildEnded: there is none any more, and the run is one of its schedule.
    """
    if url:
        [url] = await find_start_urls(settings, [url])
    check_bounds(settings, asked)
    if widget_id is not None:
        own_url, own = await read_own_rules(pool, widget_id)
        url = url or own_url
        asked = own.model_copy(update=asked.model_dump(exclude_none=True))
    request = make_request(settings, url or parse_start_url(url), asked)
    await show_request(request)
    return request


async def take_job(
    pool: Pool, request: BuildRequest, run_id: UUID, *, build_id: UUID | None, widget_id: UUID | None
) -> Job:
    """Start the run's build, and record or open it first if need be.

    Raises:
        BuildEnded: the build has been cancelled, or another build of the widget is running.
        NotFound: the build or widget does not exist.
    """
    known = await find_run_build(pool, run_id) or build_id
    if known is not None:
        return await _take_known(pool, await read_build(pool, known), request, run_id)
    if widget_id is None:
        await create_build(pool, request, build_id=run_id)
        return await start_build(pool, run_id, run_id)
    return await _rebuild(pool, widget_id, request, run_id, run_id)


async def _take_known(pool: Pool, build: BuildRecord, request: BuildRequest, run_id: UUID) -> Job:
    if not build.is_over:
        return await start_build(pool, build.id, run_id)
    retried_at = await read_retry_time(run_id)
    is_changed = build.flow_run_id not in (None, run_id) and request != build.request
    if build.status != "completed" and not is_changed and await resume_in_run(pool, build.id, run_id, retried_at):
        return await start_build(pool, build.id, run_id)
    if build.flow_run_id in (None, run_id) and (retried_at is None or retried_at <= (build.finished_at or retried_at)):
        raise BuildEnded(f"The build is already {build.status}. Start a new one.")
    return await _rebuild(pool, build.widget_id, request if is_changed else build.request, run_id, uuid4())


async def _rebuild(pool: Pool, widget_id: UUID, request: BuildRequest, run_id: UUID, build_id: UUID) -> Job:
    await check_is_due(pool, widget_id)
    if not (await create_rebuild(pool, widget_id, request, build_id=build_id)).created:
        raise BuildEnded("Another build of this widget is already running.")
    return await start_build(pool, build_id, run_id)


async def state_of_ended(pool: Pool, run_id: UUID, error: BuildEnded) -> State[Any]:
    """Return the state of a run that has nothing to do: that of its build, so that its history stays true."""
    known = await find_run_build(pool, run_id)
    status = (await read_build(pool, known)).status if known else "cancelled"
    final = {"completed": Completed, "failed": Failed}.get(status, Cancelled)
    return final(message=error.message)
