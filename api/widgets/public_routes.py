"""The widgets' public routes: configuration and search."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.chat.chat_config import describe_chat
from api.http.bodies import validate_body
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.queries import query_integer
from api.http.visits import current_visit
from api.widgets.appearance import adjustments_of, public_theme
from api.widgets.widget_state import state_of
from tasks.core.adjustments import Adjustments
from tasks.knowledge.search.passage_search import search
from tasks.records.budgets import RatedAction
from tasks.records.pictures import read_logo_tag

PATH = "/api/public/widgets/{widget_id}"
DEFAULT_RESULTS = 5
MAX_RESULTS = 50


async def show_config(request: Request) -> Response:
    """GET …/{id}: the public configuration of the widget; `?primary=`: in another brand colour."""
    state = app_state(request)
    sent = {name: value.lower() for name, value in request.query_params.items() if name == "primary"}
    primary = validate_body(Adjustments, sent).primary
    widget = current_visit().widget
    return JSONResponse(
        {
            "id": str(widget.id),
            "name": widget.name,
            "site_url": widget.site_url,
            "theme": public_theme(widget, primary),
            # Tag of the picture at …/logo; null if there is none.
            "logo": await read_logo_tag(state.pool, widget.id),
            "state": await state_of(state.pool, widget),
            "contact": adjustments_of(widget).contact(),
            **await describe_chat(state, widget),
            **adjustments_of(widget).texts(),
        }
    )


async def search_widget(request: Request) -> Response:
    """GET …/{id}/search?q=&limit=: matching passages, best first."""
    state, widget = app_state(request), current_visit().widget
    query, limit = request.query_params.get("q", ""), query_integer(request, "limit", DEFAULT_RESULTS, 1, MAX_RESULTS)
    passages = await search(state.pool, state.embedder, widget.id, query, limit)
    return JSONResponse({"results": [passage.model_dump() for passage in passages]})


routes = [
    # Suggested questions are checked once a build, which embeds them.
    PublicRoute(PATH, show_config, Guard(OriginRule.widget, RatedAction.requests, may_spend=True), ["GET"]),
    PublicRoute(
        PATH + "/search", search_widget, Guard(OriginRule.widget, RatedAction.searches, may_spend=True), ["GET"]
    ),
]
