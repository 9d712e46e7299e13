"""The widget's scripts: the loader on customers' pages, and the panel, loaded when the chat is first wanted."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.pages.bundles import read_bundle, send_bundle

LOADER_AGE_S = 300
"""Seconds a browser may cache the loader, whose URL never changes."""
PANEL_AGE_S = 365 * 24 * 3600
"""Seconds a browser may cache the panel, whose URL changes with its content."""
# Any page may load them, including pages with COEP (needs CORP) or subresource integrity (needs CORS).
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


async def serve_loader(request: Request) -> Response:
    """GET /widget.js: the button on the page and the code that loads the panel."""
    return _send(request, "widget.js", f"public, max-age={LOADER_AGE_S}")


async def serve_panel(request: Request) -> Response:
    """GET /widget/{file}: the chat panel, or its form for e-mail addresses; an outdated file name gets the current one.

    That one is not cached.
    """
    name = request.path_params["file"]
    pattern = "lead-*.js" if name.startswith("lead-") else "panel-*.js"
    if read_bundle(pattern).name == name:
        return _send(request, pattern, f"public, max-age={PANEL_AGE_S}, immutable")
    return _send(request, pattern, "no-cache")


def _send(request: Request, pattern: str, cache_control: str) -> Response:
    return send_bundle(request, read_bundle(pattern), {"Cache-Control": cache_control, **_FOR_ALL})


routes = [
    Route("/widget.js", serve_loader, methods=["GET"]),
    Route("/widget/{file}", serve_panel, methods=["GET"]),
]
