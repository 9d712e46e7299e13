"""Deleted widgets: the end of their runs and schedules in Prefect."""

import logging
from collections.abc import Sequence
from uuid import UUID

from api.app_state import AppState
from api.builds.prefect_schedules import PrefectSchedules
from tasks.core.errors import DependencyUnavailable

logger = logging.getLogger("widget_builder.api")


async def end_runs_of_deleted(state: AppState, widgets: Sequence[UUID], flow_runs: Sequence[UUID]) -> None:
    """Cancel the flow runs of the widgets' builds, without waiting, and delete the widgets' schedules."""
    for run_id in flow_runs:
        state.run_in_background(state.runs.cancel(run_id))
    try:
        await PrefectSchedules(state.runs.client).remove(*widgets)
    except DependencyUnavailable as error:
        # The next run of a schedule finds no widget, and removes it.
        logger.warning("the schedules of %d deleted widgets stay for now: %s", len(widgets), error)
