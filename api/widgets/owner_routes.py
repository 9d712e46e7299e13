"""The owner's routes: list, show, change and delete widgets."""

import asyncio
import logging
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import AppState, app_state
from api.builds.deleted_widgets import end_runs_of_deleted
from api.builds.planned_readings import NextReadings
from api.builds.prefect_schedules import PrefectSchedules
from api.http.authorization import OwnerRoute, bearer_token, granted
from api.http.bodies import read_object
from api.http.queries import query_id, query_integer, widget_id_of
from api.widgets.appearance import adjustments_of, public_theme
from api.widgets.further_sites import check_sites, with_schemes
from api.widgets.widget_changes import describe_rules, read_changes
from api.widgets.widget_state import state_of
from tasks.core.adjustments import Adjustments
from tasks.core.database import Pool
from tasks.core.errors import DependencyUnavailable, InvalidRequest
from tasks.core.roles import Role
from tasks.core.rules import WidgetRules
from tasks.core.schedules import WidgetSchedule
from tasks.records.owner_tokens import hash_token
from tasks.records.pictures import has_own_logo
from tasks.records.rollback import roll_back
from tasks.records.token_roles import Grant
from tasks.records.widget_list import WidgetSummary, list_summaries
from tasks.records.widgets import delete_widget, read_widget, rules_of, save_settings
from tasks.records.withheld_pages import apply_rules
from tasks.records.workspaces import read_workspace

logger = logging.getLogger("widget_builder.api")

ALL = "/api/widgets"
PATH = ALL + "/{widget_id}"
DEFAULT_LISTED = 100
MAX_LISTED = 1_000
MAX_OFFSET = 10**9


async def list_owned_widgets(request: Request) -> Response:
    """GET /api/widgets: the widgets that the token opens, newest first: the workspace's for its members.

    `?id=`: only this one; `?workspace=`: only this workspace's. `role` is the token's, `workspace` that of its member.
    """
    grant, state = granted(request), app_state(request)
    is_owner_token = grant.role is Role.owner and grant.workspace_id is None
    listing = list_summaries(
        state.pool,
        owner_hash=hash_token(bearer_token(request)) if is_owner_token else None,
        workspace_id=_wanted_workspace(request, grant),
        widget_id=query_id(request, "id"),
        limit=query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED),
        offset=query_integer(request, "offset", 0, 0, MAX_OFFSET),
    )
    (widgets, total), readings = await asyncio.gather(listing, state.readings.read())
    listed = [widget.model_dump(mode="json") | {"next_read_at": _next_read(readings, widget)} for widget in widgets]
    named = await _name_workspace(state.pool, grant)
    body = {"widgets": listed, "total": total, "role": grant.role, "workspace": named}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _wanted_workspace(request: Request, grant: Grant) -> UUID | None:
    """Return the workspace whose widgets are listed; None: all that the token opens.

    Raises:
        InvalidRequest: the token's member is of another workspace (403).
    """
    wanted = query_id(request, "workspace")
    if wanted is None or grant.role is Role.admin:
        return wanted or grant.workspace_id
    if wanted != grant.workspace_id:
        raise InvalidRequest("forbidden", "This token is not valid for this workspace.", status=403)
    return wanted


def _next_read(readings: NextReadings, widget: WidgetSummary) -> str | None:
    at = readings.of(widget.id, is_ready=widget.state == "ready")
    return None if at is None else at.isoformat()


async def _name_workspace(pool: Pool, grant: Grant) -> dict[str, str] | None:
    if grant.workspace_id is None:
        return None
    workspace = await read_workspace(pool, grant.workspace_id)
    return {"id": str(workspace.id), "name": workspace.name}


async def show_owned_widget(request: Request) -> Response:
    """GET: the theme found on the site with its sources, the owner's settings, and the rules of the next build."""
    widget_id = widget_id_of(request)
    return JSONResponse(await _describe(app_state(request), widget_id), headers={"Cache-Control": "no-store"})


async def change_owned_widget(request: Request) -> Response:
    """PATCH: change settings and rules; null resets one, absent fields stay unchanged.

    Rules are for the next build; pages they leave out are in no answer from now on, nor are those of sites taken away.
    """
    widget_id, state = widget_id_of(request), app_state(request)
    changes = read_changes(state.settings, await with_schemes(state, await read_object(request)))
    await check_sites(state, changes.sites or ())
    if "schedule" in changes.model_fields_set:
        await _save_schedule(state, widget_id, changes.schedule)
    await save_settings(state.pool, widget_id, changes.chosen(Adjustments), changes.chosen(WidgetRules))
    if changes.model_fields_set & {"include", "exclude", "sites"}:
        await apply_rules(state.pool, widget_id)
    return JSONResponse(await _describe(state, widget_id))


async def delete_owned_widget(request: Request) -> Response:
    """DELETE: the widget with its knowledge and running builds. Pages that still have its snippet show no chat."""
    widget_id = widget_id_of(request)
    state = app_state(request)
    await end_runs_of_deleted(state, [widget_id], await delete_widget(state.pool, widget_id))
    return Response(status_code=204)


async def roll_back_widget(request: Request) -> Response:
    """POST …/rollback: answer from the build before the present one; a later re-crawl goes on from there."""
    widget_id, state = widget_id_of(request), app_state(request)
    build_id = await roll_back(state.pool, widget_id)
    return JSONResponse(await _describe(state, widget_id) | {"build_id": str(build_id)})


async def _save_schedule(state: AppState, widget_id: UUID, schedule: WidgetSchedule | None) -> None:
    schedules = PrefectSchedules(state.runs.client)
    if schedule is None:
        await schedules.remove(widget_id)
    else:
        await schedules.save(widget_id, schedule)
    state.readings.forget()


async def _describe_schedule(state: AppState, widget_id: UUID) -> dict[str, Any]:
    """Return the widget's schedule and the time of its next reading; nothing while Prefect does not answer."""
    try:
        schedule, next_at = await PrefectSchedules(state.runs.client).read(widget_id)
    except DependencyUnavailable as error:
        logger.warning("the schedule of the widget %s cannot be shown: %s", widget_id, error)
        return {}
    return {"schedule": schedule, "next_read_at": None if next_at is None else next_at.isoformat()}


async def _describe(state: AppState, widget_id: UUID) -> dict[str, Any]:
    widget = await read_widget(state.pool, widget_id)
    return {
        "id": str(widget.id),
        "name": widget.name,
        "site_url": widget.site_url,
        "workspace_id": None if widget.workspace_id is None else str(widget.workspace_id),
        "state": await state_of(state.pool, widget),
        "found": widget.theme,
        "chosen": adjustments_of(widget).model_dump(mode="json", exclude_none=True),
        "theme": public_theme(widget),
        "has_own_logo": await has_own_logo(state.pool, widget_id),
        "rules": describe_rules(state.settings, widget.site_url, rules_of(widget.rules)),
        **await _describe_schedule(state, widget_id),
    }


routes = [
    OwnerRoute(ALL, list_owned_widgets, Role.viewer, ["GET"]),
    OwnerRoute(PATH, show_owned_widget, Role.viewer, ["GET"]),
    OwnerRoute(PATH, change_owned_widget, Role.editor, ["PATCH"]),
    OwnerRoute(PATH + "/rollback", roll_back_widget, Role.editor, ["POST"]),
    OwnerRoute(PATH, delete_owned_widget, Role.owner, ["DELETE"]),
]
