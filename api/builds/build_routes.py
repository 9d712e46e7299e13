"""Builds: start one, of a new widget or of one that is there; watch it, read its state, cancel it."""

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import AppState, service_of
from api.builds.event_frames import frames
from api.http.authorization import require_owner
from api.http.bodies import read_object
from api.widgets.public_routes import widget_id_of
from tasks.core.addresses import resolve_host
from tasks.core.errors import AddressBlocked, BuildEnded, DependencyUnavailable, InvalidRequest, NotFound
from tasks.core.events import EventDraft, EventType
from tasks.core.models import BuildRequest
from tasks.core.requests import parse_build_request
from tasks.records.build_events import append_event
from tasks.records.build_quotas import Caller
from tasks.records.builds import BuildRecord, link_flow_run, read_build
from tasks.records.new_builds import NewBuild, create_build, create_rebuild
from tasks.records.run_notices import notify_workers
from tasks.records.widgets import read_last_request

logger = logging.getLogger("widget_builder.api")

PATH = "/api/public/ai-widget-builder"
PING_S = 15
SEND_TIMEOUT_S = 30
"""A client that takes nothing for so long is let go."""
MAX_KEY_LENGTH = 255


async def start(request: Request) -> Response:
    """POST: record a build, start its flow run, stream its events. It goes on if the client leaves.

    Who asks for what is being built already gets that stream.
    """
    service = service_of(request)
    asked = await read_object(request)
    wanted = parse_build_request(service.settings, asked.get("url"), asked.get("depth"), asked.get("max_pages"))
    await _check_address(service, wanted.url)
    await service.runs.check()
    caller = await _caller(request)
    new = await create_build(service.pool, wanted, caller=caller, idempotency_key=_idempotency_key(request))
    return _begin(request, new, wanted)


async def rebuild(request: Request) -> Response:
    """POST /api/widgets/{id}/recrawl: build the widget anew, and stream that; who asks again meanwhile joins.

    The widget answers from its old knowledge until the new is complete, and goes on so if the site gave far fewer
    pages, unless `{"allow_fewer_pages": true}` says that this is right.
    """
    service, widget_id = service_of(request), widget_id_of(request)
    await require_owner(request, widget_id)
    fewer = _flag(await read_object(request), "allow_fewer_pages")
    known = await read_last_request(service.pool, widget_id)
    # What was asked for once may be more than is allowed by now.
    most = {"depth": service.settings.max_depth, "max_pages": service.settings.max_pages}
    wanted = known.model_copy(update={name: min(getattr(known, name), limit) for name, limit in most.items()})
    await _check_address(service, wanted.url)
    await service.runs.check()
    caller, key = await _caller(request), _idempotency_key(request)
    new = await create_rebuild(
        service.pool, widget_id, wanted, caller=caller, idempotency_key=key, allow_fewer_pages=fewer
    )
    return _begin(request, new, wanted)


def _flag(asked: dict[str, Any], name: str) -> bool:
    """Yes or no, in JSON or as a query parameter."""
    value = asked.get(name, False)
    if isinstance(value, bool):
        return value
    if value not in ("true", "1", "false", "0"):
        raise InvalidRequest(f"{name}_invalid", f"`{name}` must be true or false.", field=name)
    return value in ("true", "1")


async def _caller(request: Request) -> Caller:
    service = service_of(request)
    client = await service.budgets.pseudonymize(request.client.host if request.client else "")
    return Caller.of(client, service.settings)


def _begin(request: Request, new: NewBuild, wanted: BuildRequest) -> Response:
    """The stream of a build, whose run is started behind it if the build is new."""
    service = service_of(request)
    if new.created:
        task = asyncio.create_task(_start_run(service, new.build_id, wanted))
        service.starting.add(task)
        task.add_done_callback(service.starting.discard)
    return _stream(request, new.build_id, owner_token=new.owner_token)


async def _check_address(service: AppState, url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        await resolve_host(parts.hostname or "", port, service.settings.egress_allow)
    except AddressBlocked as error:
        raise InvalidRequest(error.code, error.message, field="url") from error


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidRequest("idempotency_key_invalid", f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters.")
    return key


async def _start_run(service: AppState, build_id: UUID, request: BuildRequest) -> None:
    """Start the flow run; if that cannot be, the build ends with the cause."""
    try:
        run_id = await service.runs.start(build_id, request)
        await notify_workers(service.pool)
        await link_flow_run(service.pool, build_id, run_id)
    except DependencyUnavailable as error:
        logger.warning("build %s cannot start: %s", build_id, error)
        draft = EventDraft(
            type=EventType.builder_failed,
            message="The build cannot start",
            detail=error.problem,
            data={"code": error.code},
        )
        with contextlib.suppress(BuildEnded):  # it was cancelled or deleted meanwhile
            await append_event(service.pool, build_id, draft)


async def events(request: Request) -> Response:
    """GET …/events: the stream from the start, or after `Last-Event-ID`; 204 when nothing can follow."""
    build = await _find(request)
    after = _last_event_id(request, build)
    if build.is_over and after >= build.last_seq:
        return Response(status_code=204)
    return _stream(request, build.id, after=after)


def _last_event_id(request: Request, build: BuildRecord) -> int:
    """What the client has seen; anything that is not a number of this build's means nothing."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return 0
    return int(text) if int(text) <= build.last_seq else 0


def _stream(request: Request, build_id: UUID, *, after: int = 0, owner_token: str | None = None) -> Response:
    service = service_of(request)
    with_logs = request.query_params.get("logs") in ("1", "true")
    return EventSourceResponse(
        frames(service, build_id, after=after, with_logs=with_logs, owner_token=owner_token),
        headers={
            "X-Build-Id": str(build_id),
            "Location": f"{PATH}/{build_id}",
            "Cache-Control": "no-store",
        },
        ping=PING_S,
        send_timeout=SEND_TIMEOUT_S,
    )


async def state(request: Request) -> Response:
    """GET …/{build_id}: state and statistics."""
    return JSONResponse(_describe(await _find(request)))


async def cancel(request: Request) -> Response:
    """DELETE …/{build_id}: end the build; nothing it has stored for the widget is taken away."""
    service = service_of(request)
    build = await _find(request)
    draft = EventDraft(
        type=EventType.builder_cancelled,
        message="The build was cancelled",
        data={"statistics": build.statistics},
    )
    try:
        await append_event(service.pool, build.id, draft)
    except BuildEnded as error:
        build = await _find(request)
        if build.status != "cancelled":
            raise InvalidRequest("build_ended", f"The build is {build.status} already.", status=409) from error
    if build.flow_run_id is not None:
        await service.runs.cancel(build.flow_run_id)
    return JSONResponse(_describe(await _find(request)))


async def _find(request: Request) -> BuildRecord:
    try:
        build_id = UUID(request.path_params["build_id"])
    except ValueError as error:
        raise NotFound("build") from error
    return await read_build(service_of(request).pool, build_id)


def _describe(build: BuildRecord) -> dict[str, object]:
    described = build.model_dump(mode="json", exclude={"id", "heartbeat_at"})
    return {"build_id": str(build.id), **described}


routes = [
    Route(PATH, start, methods=["POST"]),
    Route("/api/widgets/{widget_id}/recrawl", rebuild, methods=["POST"]),
    Route(PATH + "/{build_id}", state, methods=["GET"]),
    Route(PATH + "/{build_id}", cancel, methods=["DELETE"]),
    Route(PATH + "/{build_id}/events", events, methods=["GET"]),
]
