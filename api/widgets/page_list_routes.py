"""The owner's view of the widget's pages: state and cause of each, and the text that was read."""

import json
from collections.abc import AsyncIterator
from datetime import UTC
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.queries import path_id, query_choice, query_integer, widget_id_of
from tasks.core.database import Pool
from tasks.core.roles import Role
from tasks.records.known_pages import count_known_pages, list_known_pages, read_page_text
from tasks.records.stored_pages import export_pages

ALL = "/api/widgets/{widget_id}/pages"
STATES = ("stored", "failed", "skipped", "queued", "found")
DEFAULT_LISTED = 50
MAX_LISTED = 500
MAX_OFFSET = 10**9
MAX_TEXT = 300
_NO_STORE = {"Cache-Control": "no-store", "Vary": "Accept"}


async def list_pages(request: Request) -> Response:
    """GET …/pages: the pages of the widget's knowledge in the order of the crawl, and the number in each state.

    With `Accept: text/markdown` the texts of all stored pages, as one file.
    """
    widget_id, pool = widget_id_of(request), app_state(request).pool
    if "text/markdown" in request.headers.get("accept", ""):
        headers = _NO_STORE | {"Content-Disposition": 'attachment; filename="knowledge.md"'}
        return StreamingResponse(_markdown(pool, widget_id), media_type="text/markdown", headers=headers)
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
    return JSONResponse(body, headers=_NO_STORE)


async def _markdown(pool: Pool, widget_id: UUID) -> AsyncIterator[str]:
    async for batch in export_pages(pool, widget_id):
        for page in batch:
            read_at = page.read_at.astimezone(UTC).date().isoformat()
            # The title as metadata: the text mostly begins with it, as its own heading.
            title = json.dumps(page.title, ensure_ascii=False)
            yield f"---\nurl: {page.url}\ntitle: {title}\nread: {read_at}\n---\n\n{page.content.strip()}\n\n"


async def show_page(request: Request) -> Response:
    """GET …/pages/{page_id}: what was read from a page, as Markdown."""
    widget_id = widget_id_of(request)
    page = await read_page_text(app_state(request).pool, widget_id, path_id(request, "page_id", "page"))
    return JSONResponse(page.model_dump(mode="json"), headers=_NO_STORE)


routes = [
    OwnerRoute(ALL, list_pages, Role.viewer, ["GET"]),
    OwnerRoute(ALL + "/{page_id}", show_page, Role.viewer, ["GET"]),
]
