"""A widget as its owner sees and changes it."""

from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import service_of
from api.http.authorization import require_holder, require_owner
from api.http.bodies import read_object
from api.http.queries import query_number
from api.widgets.appearance import adjustments_of, public_theme
from api.widgets.public_routes import widget_id_of
from tasks.core.adjustments import Adjustments
from tasks.core.errors import InvalidRequest
from tasks.records.widget_list import list_summaries
from tasks.records.widgets import WidgetRecord, delete_widget, read_widget, save_settings

ALL = "/api/widgets"
PATH = ALL + "/{widget_id}"
DEFAULT_LISTED = 100
MAX_LISTED = 1_000
MAX_OFFSET = 10**9


async def overview(request: Request) -> Response:
    """GET /api/widgets: for the administrator all widgets, for an owner those of the token; newest first."""
    owner_hash = await require_holder(request)
    widgets, total = await list_summaries(
        service_of(request).pool,
        owner_hash=owner_hash,
        limit=query_number(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED),
        offset=query_number(request, "offset", 0, 0, MAX_OFFSET),
    )
    listed = [widget.model_dump(mode="json") for widget in widgets]
    return JSONResponse({"widgets": listed, "total": total}, headers={"Cache-Control": "no-store"})


async def show(request: Request) -> Response:
    """GET: what was found, where, and what the owner has chosen instead."""
    widget_id = widget_id_of(request)
    await require_owner(request, widget_id)
    return JSONResponse(_describe(await read_widget(service_of(request).pool, widget_id)))


async def change(request: Request) -> Response:
    """PATCH: choose; null takes a choice back. What is not named stays as it is."""
    widget_id, pool = widget_id_of(request), service_of(request).pool
    await require_owner(request, widget_id)
    sent = await read_object(request)
    try:
        chosen = Adjustments.model_validate(sent)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{first['loc'][0]}_invalid", f"`{field}`: {problem}.", field=str(field)) from error
    await save_settings(pool, widget_id, chosen.model_dump(mode="json", include=set(sent)))
    return JSONResponse(_describe(await read_widget(pool, widget_id)))


async def delete(request: Request) -> Response:
    """DELETE: the widget and all it knows, a build under way included. Pages that still name it draw nothing."""
    widget_id = widget_id_of(request)
    await require_owner(request, widget_id)
    service = service_of(request)
    for run_id in await delete_widget(service.pool, widget_id):
        await service.runs.cancel(run_id)
    return Response(status_code=204)


def _describe(widget: WidgetRecord) -> dict[str, Any]:
    return {
        "id": str(widget.id),
        "name": widget.name,
        "site_url": widget.site_url,
        "state": "ready" if widget.active_job_id else "building",
        "found": widget.theme,
        "chosen": adjustments_of(widget).model_dump(mode="json", exclude_none=True),
        "theme": public_theme(widget),
    }


routes = [
    Route(ALL, overview, methods=["GET"]),
    Route(PATH, show, methods=["GET"]),
    Route(PATH, change, methods=["PATCH"]),
    Route(PATH, delete, methods=["DELETE"]),
]
