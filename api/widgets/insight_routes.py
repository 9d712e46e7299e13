"""Insights into visitors' questions, for the widget's owner."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.queries import widget_id_of
from tasks.core.roles import Role
from tasks.records.insights import read_insights
from tasks.records.transcripts import count_by_day

DAYS = 30
"""Days whose questions are counted one by one."""


async def show_insights(request: Request) -> Response:
    """GET …/{id}/insights: questions, unanswered questions, feedback, cited pages."""
    widget_id = widget_id_of(request)
    pool = app_state(request).pool
    found = await read_insights(pool, widget_id)
    days = [day.model_dump() for day in await count_by_day(pool, widget_id, DAYS)]
    return JSONResponse(found.model_dump(mode="json") | {"days": days}, headers={"Cache-Control": "no-store"})


routes = [OwnerRoute("/api/widgets/{widget_id}/insights", show_insights, Role.viewer, ["GET"])]
