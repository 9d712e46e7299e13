"""The owner's view of the widget's pages: state and cause of each, and the text that was read."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import app_state
from api.http.authorization import require_owner
from api.http.queries import path_id, query_choice, query_integer, widget_id_of
from tasks.records.known_pages import count_known_pages, list_known_pages, read_page_text

ALL = "/api/widgets/{widget_id}/pages"
STATES = ("stored", "failed", "skipped", "queued", "found")
DEFAULT_LISTED = 50
MAX_LISTED = 500
MAX_OFFSET = 10**9
MAX_TEXT = 300


async def list_pages(request: Request) -> Response:
    """GET …/pages: the pages of the widget's knowledge in the order of the crawl, and the number in each state."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    await require_owner(request, widget_id)
    pages, total = await list_known_pages(
        pool,
        widget_id,
        state=query_choice(request, "state", STATES),
        text=request.query_params.get("q", "").replace("\0", "").strip()[:MAX_TEXT] or None,
        limit=query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED),
        offset=query_integer(request, "offset", 0, 0, MAX_OFFSET),
    )
    listed = [page.model_dump(mode="json") for page in pages]
    body = {"pages": listed, "total": total, "states": await count_known_pages(pool, widget_id)}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def show_page(request: Request) -> Response:
    """GET …/pages/{page_id}: what was read from a page, as Markdown."""
    widget_id = widget_id_of(request)
    await require_owner(request, widget_id)
    page = await read_page_text(app_state(request).pool, widget_id, path_id(request, "page_id", "page"))
    return JSONResponse(page.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


routes = [
    Route(ALL, list_pages, methods=["GET"]),
    Route(ALL + "/{page_id}", show_page, methods=["GET"]),
]
