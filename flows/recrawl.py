"""The re-crawl: rebuild widgets on a schedule; the old knowledge answers until the new is complete."""

from uuid import UUID

from prefect import flow
from prefect.logging import get_run_logger

from flows.build import build_widget
from flows.redacted_states import redact_run
from flows.workspace import open_database
from tasks.core.settings import load_settings
from tasks.records.widgets import list_built_widgets


@flow(name="recrawl-widgets")
async def recrawl_widgets(widget_id: UUID | None = None) -> dict[str, str]:
    """Rebuild widgets from their sites, one after the other.

    Args:
        widget_id: The widget to rebuild; if absent, all widgets with knowledge. A widget that is being built is not
            rebuilt.

    Returns:
        The final state of each widget's build, by widget id.
    """
    settings = load_settings()
    redact_run(settings)
    async with open_database(settings) as pool:
        known = await list_built_widgets(pool)
    outcomes = {}
    for widget, request in known:
        if widget_id in (None, widget):
            state = await build_widget(
                request.url, request.depth, request.max_pages, widget_id=widget, return_state=True
            )
            outcomes[str(widget)] = state.name or str(state.type)
    get_run_logger().info("%d widgets rebuilt: %s", len(outcomes), outcomes)
    return outcomes
