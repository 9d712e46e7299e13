"""The owner's actions on a build: cancel it; resume it."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.builds.build_access import OwnBuildRoute, describe_build, find_build
from api.builds.build_routes import (
    GUARD,
    PATH,
    check_address,
    identify_caller,
    last_event_id,
    start_run,
    stream_build,
)
from tasks.core.errors import BuildEnded, InvalidRequest
from tasks.core.events import EventDraft, EventType
from tasks.core.roles import Role
from tasks.records.build_events import append_event
from tasks.records.resumed_builds import resume_build


async def cancel_build(request: Request) -> Response:
    """DELETE …/{build_id}: cancel the build; the pages it has stored stay.

    The terminal event in the record decides: the flow finds it within a second, or when its run starts. Prefect is
    told in the background, for its own view of the run.
    """
    state = app_state(request)
    build = await find_build(request)
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


async def resume_ended_build(request: Request) -> Response:
    """POST …/{build_id}/resume: go on with a build that failed or was cancelled, in a new flow run.

    The answer is the build's state, or its stream for a client that accepts `text/event-stream`.
    """
    state = app_state(request)
    build = await find_build(request)
    await check_address(state, build.url)
    await state.runs.check()
    resumed = await resume_build(state.pool, build.id, await identify_caller(request))
    state.run_in_background(start_run(state, build.id, resumed.request, resumed.attempt))
    if "text/event-stream" in request.headers.get("accept", ""):
        return stream_build(request, build.id, after=last_event_id(request, build))
    headers = {"X-Build-Id": str(build.id), "Location": f"{PATH}/{build.id}"}
    return JSONResponse(describe_build(await find_build(request)), headers=headers)


routes = [
    OwnBuildRoute(PATH + "/{build_id}", cancel_build, Role.editor, GUARD, ["DELETE"]),
    OwnBuildRoute(PATH + "/{build_id}/resume", resume_ended_build, Role.editor, GUARD, ["POST"]),
]
