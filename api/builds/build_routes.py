"""Builds: start one (of a new or an existing widget), follow its events, read its state."""

import asyncio
import contextlib
import logging
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from api.app_state import AppState, app_state
from api.builds.build_access import describe_build, find_build, require_build_role
from api.builds.event_frames import build_frames
from api.http.authorization import OwnerRoute, find_build_workspace, require_widget_role
from api.http.bodies import read_object
from api.http.event_streams import event_stream
from api.http.guards import Guard, PublicRoute, identify_client
from api.http.origins import OriginRule
from api.http.queries import widget_id_of
from tasks.core.bare_addresses import add_scheme
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import AddressBlocked, BuildEnded, DependencyUnavailable, InvalidRequest
from tasks.core.events import EventDraft, EventType
from tasks.core.models import BuildRequest
from tasks.core.requests import make_request, parse_build_request
from tasks.core.roles import Role
from tasks.core.traces import trace_request
from tasks.records.budgets import RatedAction
from tasks.records.build_events import append_event
from tasks.records.build_quotas import Caller
from tasks.records.builds import BuildRecord, link_flow_run
from tasks.records.new_builds import NewBuild, create_build, create_rebuild
from tasks.records.run_notices import notify_workers
from tasks.records.widgets import read_rules

logger = logging.getLogger("widget_builder.api")

PATH = "/api/public/ai-widget-builder"
MAX_KEY_LENGTH = 255
START_PAUSES_S = (2.0, 6.0, 17.0, 35.0)
"""Seconds before a flow run that Prefect did not take is started again."""


async def start_build(request: Request) -> Response:
    """POST: record a build, start its flow run, stream its events. The build goes on if the client leaves.

    If the same build is already running, the client joins its stream: with the build's id, without the owner's token.
    With a member's token the widget belongs to the member's workspace, and has no owner token.
    """
    began_ns, state = time.time_ns(), app_state(request)
    workspace_id = await find_build_workspace(request)
    asked = await read_object(request)
    url = await add_scheme(state.settings, asked.get("url"))
    wanted = parse_build_request(state.settings, url, asked.get("depth"), asked.get("max_pages"))
    await check_address(state, wanted.url)
    await state.runs.check()
    caller, key = await identify_caller(request), _idempotency_key(request, workspace_id)
    new = await create_build(state.pool, wanted, workspace_id=workspace_id, caller=caller, idempotency_key=key)
    # Who sends the build's own key has started it: a new key joins nothing.
    if _wants_logs(request) and not new.created and key is None:
        await require_widget_role(request, new.widget_id, Role.viewer)
    return _stream_new(request, new, wanted, began_ns)


async def rebuild_widget(request: Request) -> Response:
    """POST /api/widgets/{id}/recrawl: rebuild the widget and stream the events; a second request joins the stream.

    The widget answers from its old knowledge until the new knowledge is complete. It keeps the old knowledge if the
    site has far fewer pages now, unless the request has `{"allow_fewer_pages": true}`.
    """
    began_ns, state, widget_id = time.time_ns(), app_state(request), widget_id_of(request)
    fewer = _read_flag(await read_object(request), "allow_fewer_pages")
    wanted = make_request(state.settings, *await read_rules(state.pool, widget_id))
    await check_address(state, wanted.url)
    await state.runs.check()
    caller, key = await identify_caller(request), _idempotency_key(request, widget_id)
    new = await create_rebuild(
        state.pool, widget_id, wanted, caller=caller, idempotency_key=key, allow_fewer_pages=fewer
    )
    return _stream_new(request, new, wanted, began_ns)


def _read_flag(asked: dict[str, Any], name: str) -> bool:
    """Return a boolean given in JSON or as a query parameter."""
    value = asked.get(name, False)
    if isinstance(value, bool):
        return value
    if value not in ("true", "1", "false", "0"):
        raise InvalidRequest(f"{name}_invalid", f"`{name}` must be true or false.", field=name)
    return value in ("true", "1")


async def identify_caller(request: Request) -> Caller:
    """Return the client that asks for a build, by the pseudonym of its address, with its quotas."""
    return Caller.of(await identify_client(request), app_state(request).settings)


def _stream_new(request: Request, new: NewBuild, wanted: BuildRequest, began_ns: int) -> Response:
    """Return the build's stream; the flow run of a new build is started in the background."""
    state = app_state(request)
    if new.created:
        state.run_in_background(_start_traced(state, new, wanted, began_ns))
    return stream_build(request, new.build_id, owner_token=new.owner_token)


async def check_address(state: AppState, url: str) -> None:
    """Return if the address may be fetched.

    Raises:
        InvalidRequest: unknown, or not public (422).
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        await egress_policy(state.settings).resolve(parts.hostname or "", port)
    except AddressBlocked as error:
        raise InvalidRequest(error.code, error.message, field="url") from error


def _idempotency_key(request: Request, owner: UUID | None) -> str | None:
    """Return the request's key among those of the workspace or widget; others may have chosen the same one."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidRequest("idempotency_key_invalid", f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters.")
    return None if key is None else f"{owner or 'anybody'}/{key}"


async def _start_traced(state: AppState, new: NewBuild, wanted: BuildRequest, began_ns: int) -> None:
    """Start the flow run of a new build; its trace begins with the request."""
    widget_id, pages = str(new.widget_id), wanted.max_pages
    with trace_request(state.spans, "POST build", new.build_id, began_ns, widget_id=widget_id, max_pages=pages):
        await start_run(state, new.build_id, wanted)


async def start_run(state: AppState, build_id: UUID, request: BuildRequest, attempt: int = 0) -> None:
    """Start the flow run; if Prefect is not available for a minute, end the build with the cause."""
    for pause_s in START_PAUSES_S:
        try:
            return await _try_start(state, build_id, request, attempt)
        except DependencyUnavailable as error:
            # Prefect's server answers 503 while its database is busy, as when many builds are added at once.
            logger.info("build %s cannot start yet: %s", build_id, error)
            await asyncio.sleep(pause_s)
    try:
        await _try_start(state, build_id, request, attempt)
    except DependencyUnavailable as error:
        logger.warning("build %s cannot start: %s", build_id, error)
        draft = EventDraft(
            type=EventType.builder_failed,
            message="The build cannot start",
            detail=error.problem,
            data={"code": error.code},
        )
        with contextlib.suppress(BuildEnded):  # cancelled or deleted in the meantime
            await append_event(state.pool, build_id, draft)


async def _try_start(state: AppState, build_id: UUID, request: BuildRequest, attempt: int) -> None:
    # Prefect returns the same run for the same attempt.
    run_id = await state.runs.start(build_id, request, attempt)
    await notify_workers(state.pool)
    await link_flow_run(state.pool, build_id, run_id, attempt=attempt)


async def stream_events(request: Request) -> Response:
    """GET …/events: the stream from the start, or after `Last-Event-ID`; 204 if the client has the last event.

    With `?logs=1` it is the owner's: log records quote the site, the settings and the services.
    """
    if _wants_logs(request):
        await require_build_role(request, Role.viewer)
    build = await find_build(request)
    after = last_event_id(request, build)
    if build.is_over and after >= build.last_seq:
        return Response(status_code=204)
    return stream_build(request, build.id, after=after)


def last_event_id(request: Request, build: BuildRecord) -> int:
    """Return the number of the last event the client has; 0 if the header is not a number of this build's events."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return 0
    return int(text) if int(text) <= build.last_seq else 0


def stream_build(request: Request, build_id: UUID, *, after: int = 0, owner_token: str | None = None) -> Response:
    """Return the build's stream, from the event after number `after`."""
    state = app_state(request)
    frames = build_frames(state, build_id, after=after, with_logs=_wants_logs(request), owner_token=owner_token)
    headers = {"X-Build-Id": str(build_id), "Location": f"{PATH}/{build_id}"}
    return event_stream(frames, headers, leaving=state.streams.leaving)


def _wants_logs(request: Request) -> bool:
    return request.query_params.get("logs") in ("1", "true")


async def show_build(request: Request) -> Response:
    """GET …/{build_id}: state and statistics."""
    return JSONResponse(describe_build(await find_build(request)))


GUARD = Guard(OriginRule.ours, RatedAction.requests)
"""Guard of all routes of builds; a new build also counts towards the client's quotas (`enforce_quotas`)."""

routes: list[BaseRoute] = [
    PublicRoute(PATH, start_build, GUARD, ["POST"]),
    OwnerRoute("/api/widgets/{widget_id}/recrawl", rebuild_widget, Role.editor, ["POST"]),
    PublicRoute(PATH + "/{build_id}", show_build, GUARD, ["GET"]),
    PublicRoute(PATH + "/{build_id}/events", stream_events, GUARD, ["GET"]),
]
