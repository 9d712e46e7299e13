"""The build: one site, from its address to a widget that answers."""

import asyncio
import logging
from functools import partial
from typing import Any
from uuid import UUID

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Crashed

from flows.build_figures import report_figures, reported_figures
from flows.build_report import publish_summary
from flows.build_trace import traced_run
from flows.job import find_request, state_of_ended, take_job
from flows.live_progress import live_progress
from flows.outcome import cause_of, emit_failure, finish, first_error
from flows.parent_process import ParentProcess
from flows.pipeline import Pipeline
from flows.progress import Progress
from flows.redacted_states import redact_run
from flows.run_tags import tagged_run
from flows.scheduled_runs import name_of, planned_widget, start_later
from flows.slots import open_slots
from flows.start_page import open_site
from flows.watch import watch
from flows.workspace import Workspace, open_database, open_workspace
from tasks.core.bare_addresses import find_start_urls
from tasks.core.choices import RenderMode
from tasks.core.database import CONNECTION_ERRORS, DISK_FULL, Pool
from tasks.core.errors import BuildEnded, HomePageFailed, NothingStored, WidgetBuilderError
from tasks.core.json_logs import name_process
from tasks.core.models import Job
from tasks.core.rules import Language, PathPattern, WidgetRules
from tasks.core.settings import Settings, load_settings
from tasks.core.traces import trace
from tasks.records.builds import record_heartbeat
from tasks.records.pictures import save_screenshot
from tasks.records.publication import WidgetLooks

logger = logging.getLogger("widget_builder.flow")


def name_run() -> str:
    """Name the flow run after its site; without its address, after the widget."""
    parameters = runtime.flow_run.parameters
    return name_of(str(parameters.get("url") or "")) or f"widget {parameters.get('widget_id') or ''}".strip()


@flow(name="build-widget", flow_run_name=name_run)
async def build_widget(
    url: str | None = None,
    depth: int | None = None,
    max_pages: int | None = None,
    include: list[PathPattern] | None = None,
    exclude: list[PathPattern] | None = None,
    languages: list[Language] | None = None,
    render: RenderMode | None = None,
    read_noindex_paths: list[PathPattern] | None = None,
    sites: list[str] | None = None,
    build_id: UUID | None = None,
    widget_id: UUID | None = None,
    jitter_s: float = 0,
) -> State[Any] | None:
    """Build a widget from a website.

    Args:
        url: The site's start page, with or without https://; if absent, that of the widget.
        depth: Links to follow from the start page; 0 reads that page only. If absent, as the widget's rules say, or 2.
        max_pages: Most pages to read; if absent, as the widget's rules say, or the maximum of the settings.
        include: Paths like /docs/*: only these are read; if absent, as the widget's rules or the settings say.
        exclude: Paths like /blog/* to leave out; if absent, as the widget's rules or the settings say.
        languages: Languages to read beside the start page's; if absent, as the widget's rules or the settings say.
        render: Pages that the browser renders; if absent, as the widget's rules or the settings say.
        read_noindex_paths: Paths read although they ask search engines not to index them; if absent, as the rules say.
        sites: Start pages of further sites to read within the same bounds; if absent, as the widget's rules say.
        build_id: The build as recorded by the API; if absent, a build is recorded now.
        widget_id: The widget to rebuild; it switches to the new knowledge when that is complete.
        jitter_s: Most seconds by which a run of a schedule starts later, at random.
    """
    await start_later(jitter_s)
    # Every page has a task run, and a log record for each would repeat its state.
    logging.getLogger("prefect.task_runs").setLevel(logging.WARNING)
    settings = load_settings()
    redact_run(settings)
    asked = WidgetRules(
        depth=depth,
        max_pages=max_pages,
        include=include,
        exclude=exclude,
        languages=languages,
        render=render,
        read_noindex_paths=read_noindex_paths,
        sites=None if sites is None else tuple(await find_start_urls(settings, sites)),
    )
    run_id = UUID(runtime.flow_run.id)
    async with open_database(settings) as pool:
        try:
            widget_id = widget_id or (None if url else planned_widget())
            request = await find_request(pool, settings, url, asked, widget_id)
            job = await take_job(pool, request, run_id, build_id=build_id, widget_id=widget_id)
        except BuildEnded as error:
            return await state_of_ended(pool, run_id, error)
        name_process(build=job.build_id, widget=job.widget_id)
        progress = Progress(pool, job, run_id)
        with reported_figures(progress):
            was_asked = job.build_id == build_id
            async with (
                tagged_run(pool, job, progress),
                traced_run(settings, job, progress, run_id, was_asked=was_asked),
            ):
                return await build_job(settings, pool, job, progress, run_id)


async def build_job(settings: Settings, pool: Pool, job: Job, progress: Progress, run_id: UUID) -> State[Any] | None:
    """Build the site, and turn what ended the build early into its last event and its run's state."""
    parent = ParentProcess()
    cause: WidgetBuilderError | None = None
    has_lost_database = False
    unexpected: Exception | None = None
    try:
        async with open_workspace(settings, pool, job, progress) as space:
            await build_site(space, run_id)
    except* (WidgetBuilderError, DISK_FULL) as group:
        cause = cause_of(group)
    except* CONNECTION_ERRORS:
        has_lost_database = True
    except* Exception as group:
        unexpected = first_error(group)
        logger.error("unexpected errors in a build", exc_info=group)
    if unexpected is not None and cause is None and not has_lost_database:
        # Itself, not the group of its task group: its text becomes the run's state and the build's cause.
        raise unexpected
    if has_lost_database and cause is None:
        # Not the end of the build: stored pages stay, and the next attempt resumes from them.
        return Crashed(message="The database is unreachable.")
    if isinstance(cause, BuildEnded):
        progress.outcome = progress.outcome or "stopped"
        return Cancelled(message=cause.message)
    if isinstance(cause, HomePageFailed | NothingStored) and await parent.is_gone():
        return Crashed(message=f"The worker was killed, and its browser with it: {cause.message}")
    if cause is not None:
        await emit_failure(progress, cause)
    await publish_summary(settings, pool, job, progress)
    if cause is not None:
        raise cause
    return None


async def build_site(space: Workspace, run_id: UUID) -> None:
    """Load the home page, read the site from there, and publish; watch for a cancellation meanwhile."""
    record = partial(record_heartbeat, space.pool, space.job.build_id, attempt=space.job.attempt)
    async with open_slots(space.job.leases, record) as slots, asyncio.TaskGroup() as group:
        guard = group.create_task(watch(space.pool, space.job, run_id, space.progress, slots))
        with trace("open site"):
            site = await open_site(space)
        reporter = group.create_task(report_figures(space.progress))
        screenshot = group.create_task(take_screenshot(space, site.looks))
        async with live_progress(space.progress, slots.client):
            await Pipeline(space, site, slots.hold).run()
        for task in (guard, reporter):
            task.cancel()
    with trace("publish"):
        await finish(space, await screenshot, site.frontier.scope)


async def take_screenshot(space: Workspace, looks: WidgetLooks | None) -> WidgetLooks | None:
    """Return the looks with the home page's screenshot; save it at once for a widget without knowledge."""
    picture = await space.web.take_picture()
    if picture is None or looks is None:
        return looks
    if space.job.replaces is None:
        await save_screenshot(space.pool, space.job.widget_id, picture)
    return looks.model_copy(update={"screenshot": picture})
