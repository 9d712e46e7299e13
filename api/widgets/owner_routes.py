"""The owner's routes: list, show, change and delete widgets."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import app_state
from api.http.authorization import authorize_listing, require_owner
from api.http.bodies import read_object, validate_body
from api.http.queries import query_integer, widget_id_of
from api.widgets.appearance import adjustments_of, public_theme
from api.widgets.widget_state import state_of
from tasks.core.adjustments import Adjustments
from tasks.core.database import Pool
from tasks.records.rollback import roll_back
from tasks.records.widget_list import list_summaries
from tasks.records.widgets import delete_widget, read_widget, save_settings

ALL = "/api/widgets"
PATH = ALL + "/{widget_id}"
DEFAULT_LISTED = 100
MAX_LISTED = 1_000
MAX_OFFSET = 10**9


async def list_owned_widgets(request: Request) -> Response:
    """GET /api/widgets: all widgets for the administrator, the token's widgets for an owner; newest first."""
    owner_hash = await authorize_listing(request)
    widgets, total = await list_summaries(
        app_state(request).pool,
        owner_hash=owner_hash,
        limit=query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED),
        offset=query_integer(request, "offset", 0, 0, MAX_OFFSET),
    )
    listed = [widget.model_dump(mode="json") for widget in widgets]
    return JSONResponse({"widgets": listed, "total": total}, headers={"Cache-Control": "no-store"})


async def show_owned_widget(request: Request) -> Response:
    """GET: the theme found on the site with its sources, and the owner's settings."""
    widget_id = widget_id_of(request)
    await require_owner(request, widget_id)
    return JSONResponse(await _describe(app_state(request).pool, widget_id))


async def change_owned_widget(request: Request) -> Response:
    """PATCH: change settings; null resets one, absent fields stay unchanged."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    await require_owner(request, widget_id)
    sent = await read_object(request)
    chosen = validate_body(Adjustments, sent)
    await save_settings(pool, widget_id, chosen.model_dump(mode="json", include=set(sent)))
    return JSONResponse(await _describe(pool, widget_id))


async def delete_owned_widget(request: Request) -> Response:
    """DELETE: the widget with its knowledge and running builds. Pages that still have its snippet show no chat."""
    widget_id = widget_id_of(request)
    await require_owner(request, widget_id)
    state = app_state(request)
    for run_id in await delete_widget(state.pool, widget_id):
        state.run_in_background(state.runs.cancel(run_id))
    return Response(status_code=204)


async def roll_back_widget(request: Request) -> Response:
    """POST …/rollback: answer from the build before the present one; a later re-crawl goes on from there."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    await require_owner(request, widget_id)
    build_id = await roll_back(pool, widget_id)
    return JSONResponse(await _describe(pool, widget_id) | {"build_id": str(build_id)})


async def _describe(pool: Pool, widget_id: UUID) -> dict[str, Any]:
    widget = await read_widget(pool, widget_id)
    return {
        "id": str(widget.id),
        "name": widget.name,
        "site_url": widget.site_url,
        "state": await state_of(pool, widget),
        "found": widget.theme,
        "chosen": adjustments_of(widget).model_dump(mode="json", exclude_none=True),
        "theme": public_theme(widget),
    }


routes = [
    Route(ALL, list_owned_widgets, methods=["GET"]),
    Route(PATH, show_owned_widget, methods=["GET"]),
    Route(PATH, change_owned_widget, methods=["PATCH"]),
    Route(PATH + "/rollback", roll_back_widget, methods=["POST"]),
    Route(PATH, delete_owned_widget, methods=["DELETE"]),
]
