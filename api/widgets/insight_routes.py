"""What visitors asked, for the owner of the widget."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import service_of
from api.http.authorization import require_owner
from api.widgets.public_routes import widget_id_of
from tasks.records.insights import read_insights


async def insights(request: Request) -> Response:
    """GET …/{id}/insights: questions, those the site does not answer, thumbs, pages cited."""
    widget_id = widget_id_of(request)
    await require_owner(request, widget_id)
    found = await read_insights(service_of(request).pool, widget_id)
    return JSONResponse(found.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


routes = [Route("/api/widgets/{widget_id}/insights", insights, methods=["GET"])]
