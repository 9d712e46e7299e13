"""The onboarding page, which builds a widget, the console of owners, and the widget's preview page."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from api.app_state import app_state
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.queries import widget_id_of
from api.pages.bundles import ROOM, read_bundle, send_bundle
from tasks.core.errors import NotFound
from tasks.records.budgets import RatedAction
from tasks.records.widgets import read_widget

FILES = ("start.js", "start.css", "preview.js", "preview.css", "console.js", "console.css", "icon.svg")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none';"
    " form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none';"
)
# The onboarding page shows the site's favicon, which is loaded from the site.
_START_POLICY = f"{_POLICY} img-src 'self' http: https:; frame-ancestors 'none'"
# The logos to choose from come with the response that lists them.
_CONSOLE_POLICY = f"{_POLICY} img-src 'self' data:; frame-ancestors 'none'"
_PREVIEW_POLICY = f"{_POLICY} img-src 'self'; frame-ancestors 'self'"


async def serve_start_page(_request: Request) -> Response:
    """GET /: the onboarding page."""
    return _page((ROOM / "start" / "index.html").read_text("utf-8"), _START_POLICY)


async def serve_console(_request: Request) -> Response:
    """GET /console: the owner's pages; all they show is asked for with a token."""
    return _page((ROOM / "console" / "console.html").read_text("utf-8"), _CONSOLE_POLICY)


async def serve_preview(request: Request) -> Response:
    """GET /preview/{id}: the widget over a screenshot of the site, or over a sketch; 404 as a page for people."""
    try:
        widget = await read_widget(app_state(request).pool, widget_id_of(request))
    except NotFound:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return _page((ROOM / "start" / "missing.html").read_text("utf-8"), _PREVIEW_POLICY, status=404)
    text = (ROOM / "start" / "preview.html").read_text("utf-8")
    return _page(text.replace("WIDGET_ID", str(widget.id)), _PREVIEW_POLICY)


async def serve_page_file(request: Request) -> Response:
    """GET /pages/{file}: scripts and style sheets of these pages."""
    name = request.path_params["file"]
    if name not in FILES:
        raise NotFound("file")
    return send_bundle(request, read_bundle(f"pages/{name}"), {"Cache-Control": "no-cache"})


def _page(text: str, policy: str, status: int = 200) -> Response:
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(text, status, headers=headers)


routes: list[BaseRoute] = [
    Route("/", serve_start_page, methods=["GET"]),
    Route("/console", serve_console, methods=["GET"]),
    PublicRoute("/preview/{widget_id}", serve_preview, Guard(OriginRule.ours, RatedAction.requests), ["GET"]),
    Route("/pages/{file}", serve_page_file, methods=["GET"]),
]
