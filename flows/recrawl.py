"""The re-crawl: one run of the build deployment a widget; the old knowledge answers until the new is complete.

The runs are Prefect's own: its queue for scheduled builds lets a few of them start at once, after the builds that
people wait for, and a build whose process dies is restarted by itself. This flow only asks for them and reports. It
may die and be run again at any time: the same runs are found again by their keys.
"""

from uuid import UUID

from prefect import flow, runtime
from prefect.artifacts import acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.rebuild_runs import Rebuild, RebuildRuns
from flows.redacted_states import redact_run
from flows.scheduled_runs import find_scheduled_widgets
from flows.workspace import open_database
from tasks.core.requests import make_request
from tasks.core.settings import load_settings
from tasks.records.run_locks import hold_run
from tasks.records.widgets import list_built_widgets


def name_recrawl() -> str:
    """Name the flow run after its time (UTC), or after its one widget."""
    widget_id = runtime.flow_run.parameters.get("widget_id")
    return f"widget {widget_id}" if widget_id else f"nightly {runtime.flow_run.scheduled_start_time:%Y-%m-%d %H:%M}"


@flow(name="recrawl-widgets", flow_run_name=name_recrawl)
async def recrawl_widgets(widget_id: UUID | None = None, window_s: float | None = None) -> "State[dict[str, str]]":
    """Rebuild widgets from their sites, each in a run of the build deployment.

    Args:
        widget_id: The widget to rebuild; if absent, all widgets with knowledge and without a schedule of their own. A
            widget that is being built is not rebuilt.
        window_s: Seconds over which the runs are spread; if absent, WIDGET_BUILDER_RECRAWL_WINDOW_S.

    Returns:
        The outcome of each widget's build, by widget id; the run is failed if one of them is.
    """
    settings = load_settings()
    redact_run(settings)
    run_id = UUID(runtime.flow_run.id)
    async with open_database(settings) as pool, hold_run(pool, run_id), get_client(sync_client=False) as client:
        others = set() if widget_id else await find_scheduled_widgets(client)
        known = [
            (widget, make_request(settings, url, rules))
            for widget, url, rules in await list_built_widgets(pool)
            if widget_id in (None, widget) and widget not in others
        ]
        window_s = 0 if widget_id else settings.recrawl_window_s if window_s is None else window_s
        runs = RebuildRuns(client, pool, run_id, window_s)
        rebuilds = await runs.wait(await runs.start(known))
    await _report(rebuilds)
    outcomes = {str(rebuild.widget_id): rebuild.outcome for rebuild in rebuilds}
    message = _sum_up(rebuilds)
    get_run_logger().info(message)
    has_failed = any(rebuild.has_failed for rebuild in rebuilds)
    return Failed(message=message, data=outcomes) if has_failed else Completed(message=message, data=outcomes)


async def _report(rebuilds: list[Rebuild]) -> None:
    """Show the outcomes in Prefect as a table, failures first."""
    if rebuilds:
        rows = [rebuild.row for rebuild in sorted(rebuilds, key=lambda rebuild: not rebuild.has_failed)]
        await acreate_table_artifact(rows, key="recrawl", description=_sum_up(rebuilds))


def _sum_up(rebuilds: list[Rebuild]) -> str:
    failed = [rebuild for rebuild in rebuilds if rebuild.has_failed]
    text = f"{len(rebuilds) - len(failed)} of {len(rebuilds)} widgets rebuilt"
    if failed:
        text += f"; not rebuilt: {', '.join(rebuild.url for rebuild in failed[:5])}"
        text += f" and {len(failed) - 5} more" if len(failed) > 5 else ""
    return text
