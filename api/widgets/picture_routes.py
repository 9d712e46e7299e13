"""Pictures of a widget's site, served from our own origin: its logo, and a screenshot for the preview."""

from starlette.requests import Request
from starlette.responses import Response

from api.app_state import app_state
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.visits import current_visit
from api.widgets.public_routes import PATH
from tasks.core.errors import NotFound
from tasks.records.budgets import RatedAction
from tasks.records.pictures import PictureKind, StoredPicture, read_logo, read_picture

LOGO_AGE_S = 365 * 24 * 3600
"""A logo requested with its tag never changes."""


async def serve_logo(request: Request) -> Response:
    """GET …/{id}/logo: a PNG for the widget's header, the owner's or the site's; 404 without a usable one."""
    picture = await read_logo(app_state(request).pool, current_visit().widget.id)
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
    picture = await read_picture(app_state(request).pool, current_visit().widget.id, PictureKind.screenshot)
    headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin"}
    if picture is None:
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


_GUARD = Guard(OriginRule.widget, RatedAction.requests)

routes = [
    PublicRoute(PATH + "/logo", serve_logo, _GUARD, ["GET"]),
    PublicRoute("/preview/{widget_id}/screenshot", serve_screenshot, _GUARD, ["GET"]),
]
