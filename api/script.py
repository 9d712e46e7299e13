"""The widget's own files: the script that customers' pages name, and the panel it fetches when it is wanted."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks.core.errors import DependencyUnavailable

DIST = Path(__file__).parent / "pages" / "dist"
"""Where the build puts its bundles."""
LOADER_AGE_S = 300
"""The script's address never changes: so long may a browser go without asking for a new one."""
PANEL_AGE_S = 365 * 24 * 3600
"""The panel's address changes with its content."""


@dataclass(frozen=True)
class Bundle:
    """A script as it is sent."""

    name: str
    plain: bytes
    zipped: bytes
    etag: str


async def loader(request: Request) -> Response:
    """GET /widget.js: the button on the page, and what fetches the rest."""
    return _send(request, _read("widget.js"), f"public, max-age={LOADER_AGE_S}")


async def panel(request: Request) -> Response:
    """GET /widget/{file}: the chat. A loader from before an update asks for a file of its time, and gets today's."""
    bundle = _read("panel-*.js")
    if bundle.name == request.path_params["file"]:
        return _send(request, bundle, f"public, max-age={PANEL_AGE_S}, immutable")
    return _send(request, bundle, "no-cache")


@cache
def _read(pattern: str) -> Bundle:
    path = next(DIST.glob(pattern), None)
    if path is None:
        raise DependencyUnavailable("the widget's script", f"{DIST} has no {pattern}", "run `make install`")
    plain = path.read_bytes()
    return Bundle(path.name, plain, gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:20]}"')


def _send(request: Request, bundle: Bundle, cache_control: str) -> Response:
    # Any page may load it, also one that isolates itself (COEP) or names its hash (SRI).
    headers = {
        "Cache-Control": cache_control,
        "ETag": bundle.etag,
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == bundle.etag:
        return Response(status_code=304, headers=headers)
    content = bundle.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = bundle.zipped, "gzip"
    return Response(content, media_type="text/javascript", headers=headers)


routes = [
    Route("/widget.js", loader, methods=["GET"]),
    Route("/widget/{file}", panel, methods=["GET"]),
]
