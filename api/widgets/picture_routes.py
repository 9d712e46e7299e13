"""What a widget has of its site's looks, from our own origin: its logo, and a screenshot for the preview."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app_state import service_of
from api.widgets.public_routes import PATH, widget_id_of
from tasks.core.errors import NotFound
from tasks.records.pictures import PictureKind, StoredPicture, read_picture
from tasks.records.widgets import read_widget

LOGO_AGE_S = 365 * 24 * 3600
"""Asked for with its tag it never changes."""


async def logo(request: Request) -> Response:
    """GET …/{id}/logo: for the widget's header, a PNG; 404 where the site has none that can be shown."""
    picture = await read_picture(service_of(request).pool, widget_id_of(request), PictureKind.logo)
    if picture is None:
        raise NotFound("logo")
    is_named = request.query_params.get("v") == picture.tag
    headers = {
        "Cache-Control": f"public, max-age={LOGO_AGE_S}, immutable" if is_named else "no-cache",
        # On any customer's page, also one that isolates itself (COEP).
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return _send(request, picture, PictureKind.logo, headers)


async def screenshot(request: Request) -> Response:
    """GET /preview/{id}/screenshot: the start page's first screen, a JPEG; 204 while there is none."""
    pool, widget_id = service_of(request).pool, widget_id_of(request)
    picture = await read_picture(pool, widget_id, PictureKind.screenshot)
    headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin"}
    if picture is None:
        await read_widget(pool, widget_id)
        return Response(status_code=204, headers=headers)
    return _send(request, picture, PictureKind.screenshot, headers)


def _send(request: Request, picture: StoredPicture, kind: PictureKind, headers: dict[str, str]) -> Response:
    """The picture; nothing but the headers if the client has it already. Opened as a page it may do nothing."""
    headers |= {
        "ETag": f'"{picture.tag}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(picture.data, media_type=kind.media_type, headers=headers)


routes = [
    Route(PATH + "/logo", logo, methods=["GET"]),
    Route("/preview/{widget_id}/screenshot", screenshot, methods=["GET"]),
]
