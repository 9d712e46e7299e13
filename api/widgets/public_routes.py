"""The widgets' public routes: configuration and search."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import app_state
from api.chat.chat_config import describe_chat
from api.http.origins import require_origin
from api.http.queries import query_integer
from api.widgets.appearance import adjustments_of, public_theme
from tasks.core.errors import NotFound
from tasks.knowledge.search.passage_search import search
from tasks.records.pictures import PictureKind, read_picture_tag
from tasks.records.widgets import read_widget

PATH = "/api/public/widgets/{widget_id}"
DEFAULT_RESULTS = 5
MAX_RESULTS = 50


async def show_config(request: Request) -> Response:
    """GET …/{id}: the public configuration of the widget."""
    state = app_state(request)
    widget = await read_widget(state.pool, widget_id_of(request))
    require_origin(request, widget)
    return JSONResponse(
        {
            "id": str(widget.id),
            "name": widget.name,
            "site_url": widget.site_url,
            "theme": public_theme(widget),
            # Tag of the picture at …/logo; null if there is none.
            "logo": await read_picture_tag(state.pool, widget.id, PictureKind.logo),
            "state": "ready" if widget.active_job_id else "building",
            **await describe_chat(state, widget),
            **adjustments_of(widget).texts(),
        }
    )


async def search_widget(request: Request) -> Response:
    """GET …/{id}/search?q=&limit=: matching passages, best first."""
    state = app_state(request)
    query, limit = request.query_params.get("q", ""), query_integer(request, "limit", DEFAULT_RESULTS, 1, MAX_RESULTS)
    require_origin(request, await read_widget(state.pool, widget_id_of(request)))
    passages = await search(state.pool, state.embedder, widget_id_of(request), query, limit)
    return JSONResponse({"results": [passage.model_dump() for passage in passages]})


def widget_id_of(request: Request) -> UUID:
    """Return the widget id of the path.

    Raises:
        NotFound: it is not a valid id.
    """
    try:
        return UUID(request.path_params["widget_id"])
    except ValueError as error:
        raise NotFound("widget") from error


routes = [Route(PATH, show_config, methods=["GET"]), Route(PATH + "/search", search_widget, methods=["GET"])]
