"""Pictures of a widget's site, served from our own origin: its logo, and a screenshot for the preview."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app_state import app_state
from api.widgets.public_routes import PATH, widget_id_of
from tasks.core.errors import NotFound
from tasks.records.pictures import PictureKind, StoredPicture, read_picture
from tasks.records.widgets import read_widget

LOGO_AGE_S = 365 * 24 * 3600
"""A logo requested with its tag never changes."""


async def serve_logo(request: Request) -> Response:
    """GET …/{id}/logo: a PNG for the widget's header; 404 if the site has no usable logo."""
    picture = await read_picture(app_state(request).pool, widget_id_of(request), PictureKind.logo)
    if picture is None:
        raise NotFound("logo")
    has_tag = request.query_params.get("v") == picture.tag
    headers = {
        "Cache-Control": f"public, max-age={LOGO_AGE_S}, immutable" if has_tag else "no-cache",
        # Customers' pages may isolate themselves (COEP), which blocks images without this header.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return _send(request, picture, PictureKind.logo, headers)


async def serve_screenshot(request: Request) -> Response:
    """GET /preview/{id}/screenshot: the first screen of the start page, a JPEG; 204 while there is none."""
    pool, widget_id = app_state(request).pool, widget_id_of(request)
    picture = await read_picture(pool, widget_id, PictureKind.screenshot)
    headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin"}
    if picture is None:
        await read_widget(pool, widget_id)
        return Response(status_code=204, headers=headers)
    return _send(request, picture, PictureKind.screenshot, headers)


def _send(request: Request, picture: StoredPicture, kind: PictureKind, headers: dict[str, str]) -> Response:
    """Return the picture, or 304 if the client has it. Its policy allows nothing if it is opened as a page."""
    headers |= {
        "ETag": f'"{picture.tag}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(picture.data, media_type=kind.media_type, headers=headers)


routes = [
    Route(PATH + "/logo", serve_logo, methods=["GET"]),
    Route("/preview/{widget_id}/screenshot", serve_screenshot, methods=["GET"]),
]
