"""The owner's view of the widget's builds: how each ended, and its pages that were not used, by cause."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.queries import path_id, query_integer, widget_id_of
from tasks.core.roles import Role
from tasks.records.failed_pages import read_causes
from tasks.records.past_builds import list_past_builds, read_past_build

ALL = "/api/widgets/{widget_id}/builds"
DEFAULT_LISTED = 10
MAX_LISTED = 100
MAX_OFFSET = 10**9
_NO_STORE = {"Cache-Control": "no-store"}


async def list_builds(request: Request) -> Response:
    """GET …/builds: the widget's builds with their statistics, the latest first."""
    builds, total = await list_past_builds(
        app_state(request).pool,
        widget_id_of(request),
        limit=query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED),
        offset=query_integer(request, "offset", 0, 0, MAX_OFFSET),
    )
    listed = [build.model_dump(mode="json") for build in builds]
    return JSONResponse({"builds": listed, "total": total}, headers=_NO_STORE)


async def show_past_build(request: Request) -> Response:
    """GET …/builds/{build_id}: one with the causes of its failed and skipped pages, the most frequent first.

    The pages of old builds are deleted; their causes are none then.
    """
    widget_id, pool = widget_id_of(request), app_state(request).pool
    build = await read_past_build(pool, widget_id, path_id(request, "build_id", "build"))
    causes = [cause.model_dump(mode="json") for cause in await read_causes(pool, build.build_id)]
    return JSONResponse({**build.model_dump(mode="json"), "causes": causes}, headers=_NO_STORE)


routes = [
    OwnerRoute(ALL, list_builds, Role.viewer, ["GET"]),
    OwnerRoute(ALL + "/{build_id}", show_past_build, Role.viewer, ["GET"]),
]
