"""The owner's logo: sent as a file or chosen from those found, shown in place of the site's until it is deleted."""

from base64 import b64encode

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import is_json, read_bytes, read_object, validate_body
from api.http.guards import identify_client
from api.http.queries import widget_id_of
from tasks.brand.own_logo import DRAWING, MAX_LOGO_BYTES, draw_own_logo
from tasks.core.errors import CallFailed, InvalidRequest
from tasks.core.roles import Role
from tasks.records.pictures import (
    TAG_LENGTH,
    choose_found_logo,
    delete_own_logo,
    has_own_logo,
    read_found_logos,
    read_logo_tag,
    save_own_logo,
)
from tasks.records.widgets import read_widget

PATH = "/api/widgets/{widget_id}/logo"


class ChosenLogo(BaseModel):
    """A choice among the pictures that were found."""

    model_config = ConfigDict(extra="forbid")

    found: str = Field(max_length=TAG_LENGTH)
    """Its tag."""


async def list_logos(request: Request) -> Response:
    """GET …/logo: the pictures found on the site that may be its logo, the most likely first, and the one shown."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    await read_widget(pool, widget_id)
    logos = [
        {"tag": logo.tag, "found": logo.found, "picture": f"data:image/png;base64,{b64encode(logo.data).decode()}"}
        for logo in await read_found_logos(pool, widget_id)
    ]
    shown, is_own = await read_logo_tag(pool, widget_id), await has_own_logo(pool, widget_id)
    return JSONResponse({"logos": logos, "shown": shown, "is_own": is_own}, headers={"Cache-Control": "no-store"})


async def replace_logo(request: Request) -> Response:
    """PUT …/logo: a PNG, JPEG, WebP or SVG file as the body, at most 2 MB; shown from now on, as drawn by us.

    Or JSON with the tag of one that was `found` on the site.
    """
    widget_id, state = widget_id_of(request), app_state(request)
    await read_widget(state.pool, widget_id)
    if is_json(request):
        chosen = validate_body(ChosenLogo, await read_object(request))
        await choose_found_logo(state.pool, widget_id, chosen.found)
        return JSONResponse({"logo": chosen.found})
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
    OwnerRoute(PATH, list_logos, Role.viewer, ["GET"]),
    OwnerRoute(PATH, replace_logo, Role.editor, ["PUT"]),
    OwnerRoute(PATH, reset_logo, Role.editor, ["DELETE"]),
]
