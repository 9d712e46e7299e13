"""The owner's actions on a build: cancel it."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.builds.build_access import describe_build, find_build, find_own_build
from api.builds.build_routes import GUARD, PATH
from api.http.guards import PublicRoute
from tasks.core.errors import BuildEnded, InvalidRequest
from tasks.core.events import EventDraft, EventType
from tasks.records.build_events import append_event


async def cancel_build(request: Request) -> Response:
    """DELETE …/{build_id}: cancel the build; the pages it has stored stay.

    The terminal event in the record decides: the flow finds it within a second, or when its run starts. Prefect is
    told in the background, for its own view of the run.
    """
    state = app_state(request)
    build = await find_own_build(request)
    draft = EventDraft(
        type=EventType.builder_cancelled,
        message="The build was cancelled",
        data={"statistics": build.statistics},
    )
    try:
        await append_event(state.pool, build.id, draft)
    except BuildEnded as error:
        build = await find_build(request)
        if build.status != "cancelled":
            raise InvalidRequest(
                "build_ended", f"The build is already {build.status} and cannot be cancelled.", status=409
            ) from error
    if build.flow_run_id is not None:
        state.run_in_background(state.runs.cancel(build.flow_run_id))
    return JSONResponse(describe_build(await find_build(request)))


routes = [PublicRoute(PATH + "/{build_id}", cancel_build, GUARD, ["DELETE"])]
