"""The owner's own logo: sent as a file, shown in place of the one found on the site until it is deleted."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_bytes
from api.http.guards import identify_client
from api.http.queries import widget_id_of
from tasks.brand.own_logo import DRAWING, MAX_LOGO_BYTES, draw_own_logo
from tasks.core.errors import CallFailed, InvalidRequest
from tasks.core.roles import Role
from tasks.records.pictures import delete_own_logo, save_own_logo
from tasks.records.widgets import read_widget

PATH = "/api/widgets/{widget_id}/logo"


async def replace_logo(request: Request) -> Response:
    """PUT …/logo: a PNG, JPEG, WebP or SVG file as the body, at most 2 MB; shown from now on, as drawn by us."""
    widget_id, state = widget_id_of(request), app_state(request)
    await read_widget(state.pool, widget_id)
    # The process that draws is the one that reads sources.
    with state.source_turns.take(await identify_client(request)):
        sent = await read_bytes(request, max_bytes=MAX_LOGO_BYTES)
        if not sent:
            raise InvalidRequest("body_empty", "The body is empty. Send the picture's file as the body.")
        try:
            tile = await state.documents.call(DRAWING, draw_own_logo, sent)
        except CallFailed as error:
            problem = "The picture took too much time or memory to draw. Send a simpler or smaller one."
            raise InvalidRequest("logo_invalid", problem) from error
    return JSONResponse({"logo": await save_own_logo(state.pool, widget_id, tile)})


async def reset_logo(request: Request) -> Response:
    """DELETE …/logo: back to the logo found on the site."""
    await delete_own_logo(app_state(request).pool, widget_id_of(request))
    return Response(status_code=204)


routes = [
    OwnerRoute(PATH, replace_logo, Role.editor, ["PUT"]),
    OwnerRoute(PATH, reset_logo, Role.editor, ["DELETE"]),
]
