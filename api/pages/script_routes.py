"""The widget's own files: the script that customers' pages name, and the panel it fetches when it is wanted."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.pages.bundles import read_bundle, send_bundle

LOADER_AGE_S = 300
"""The script's address never changes: so long may a browser go without asking for a new one."""
PANEL_AGE_S = 365 * 24 * 3600
"""The panel's address changes with its content."""
# Any page may load them, also one that isolates itself (COEP) or names their hash (SRI).
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


async def loader(request: Request) -> Response:
    """GET /widget.js: the button on the page, and what fetches the rest."""
    return _send(request, "widget.js", f"public, max-age={LOADER_AGE_S}")


async def panel(request: Request) -> Response:
    """GET /widget/{file}: the chat. A loader from before an update asks for a file of its time, and gets today's."""
    pattern = "panel-*.js"
    if read_bundle(pattern).name == request.path_params["file"]:
        return _send(request, pattern, f"public, max-age={PANEL_AGE_S}, immutable")
    return _send(request, pattern, "no-cache")


def _send(request: Request, pattern: str, cache_control: str) -> Response:
    return send_bundle(request, read_bundle(pattern), {"Cache-Control": cache_control, **_FOR_ALL})


routes = [
    Route("/widget.js", loader, methods=["GET"]),
    Route("/widget/{file}", panel, methods=["GET"]),
]
