"""A client of the product's API: stream builds, cancel them, list and delete widgets."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from httpx_sse import EventSource, SSEError, aconnect_sse
from pydantic import ValidationError

from tasks.core.errors import DependencyUnavailable, InvalidRequest, WidgetBuilderError
from tasks.core.events import BuildEvent

BUILDS = "/api/public/ai-widget-builder"
WIDGETS = "/api/widgets"
PAGE_SIZE = 1_000
READ_TIMEOUT_S = 45.0
"""Seconds without data until the connection counts as dead: three of the API's heartbeats, sent every 15 s."""
MIN_PAUSE_S, MAX_PAUSE_S = 0.1, 5.0
START_RETRY_S = 3.0
"""Seconds of pauses until a request for a build is given up."""
FOLLOW_RETRY_S = 120.0
"""Seconds of pauses without an event until a stream is given up; the build itself goes on."""


@dataclass(frozen=True)
class _Request:
    """A request that starts a build or joins one."""

    path: str
    body: dict[str, Any] | None
    headers: dict[str, str] = field(default_factory=dict)


class _Interrupted(Exception):
    """The stream broke or was not available; retried."""


class _BackOff:
    """Exponential back-off between attempts, with a limit on the seconds without progress."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self._limit_s = START_RETRY_S
        self._waited_s, self._pause_s = 0.0, MIN_PAUSE_S

    def reset(self) -> None:
        """Reset the back-off after an event; from now on the longer limit holds."""
        self._limit_s = FOLLOW_RETRY_S
        self._waited_s, self._pause_s = 0.0, MIN_PAUSE_S

    async def pause(self, cause: Exception | None) -> None:
        """Wait for the next attempt.

        Raises:
            DependencyUnavailable: there was no event within the limit.
        """
        if self._waited_s >= self._limit_s:
            raise DependencyUnavailable(
                f"API at {self._api_url}",
                f"does not answer ({_describe(cause)})" if cause else "ends its stream before the build ends",
                "check that `widget-builder up` is running",
            ) from cause
        await asyncio.sleep(self._pause_s)
        self._waited_s += self._pause_s
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)


async def stream_build(
    api_url: str, url: str, depth: int | None = None, max_pages: int | None = None
) -> AsyncGenerator[BuildEvent, None]:
    """Start a build; yield its events, once each and in order, up to the terminal one.

    A stream that breaks is resumed with `Last-Event-ID`. A request without an answer is repeated with the same
    `Idempotency-Key`.

    Raises:
        InvalidRequest: the API refused the request.
        DependencyUnavailable: the API does not answer, or stopped answering.
        WidgetBuilderError: the API answered with an error of its own.
    """
    body = {"url": url, "depth": depth, "max_pages": max_pages}
    given = {name: value for name, value in body.items() if value is not None}
    async with aclosing(_follow(api_url, _Request(BUILDS, given))) as events:
        async for event in events:
            yield event


async def stream_recrawl(
    api_url: str, widget_id: UUID, token: str, *, allow_fewer_pages: bool = False
) -> AsyncGenerator[BuildEvent, None]:
    """Rebuild a widget, or join its build under way; yield events as `stream_build` does.

    Raises:
        InvalidRequest: there is no such widget, or the token is not valid for it.
        DependencyUnavailable, WidgetBuilderError: as for `stream_build`.
    """
    body = {"allow_fewer_pages": True} if allow_fewer_pages else None
    request = _Request(f"{WIDGETS}/{widget_id}/recrawl", body, _bearer(token))
    async with aclosing(_follow(api_url, request)) as events:
        async for event in events:
            yield event


async def _follow(api_url: str, request: _Request) -> AsyncGenerator[BuildEvent, None]:
    headers = {**request.headers, "Idempotency-Key": str(uuid4())}
    build_id, last = None, 0
    back_off = _BackOff(api_url)
    async with open_http_client(api_url) as http:
        while True:
            cause: Exception | None = None
            stream = _start_stream(http, request, headers) if build_id is None else _resume_stream(http, build_id, last)
            try:
                async with aclosing(stream):
                    async for event in stream:
                        if event.seq <= last:
                            continue
                        if event.seq > last + 1:
                            break  # resumed: the API replays the missing events from its record
                        build_id, last = event.build_id, event.seq
                        back_off.reset()
                        yield event
                        if event.type.is_terminal:
                            return
            except (httpx.TransportError, _Interrupted) as error:
                cause = error
            await back_off.pause(cause)


async def fetch_widgets(api_url: str, token: str) -> list[dict[str, Any]]:
    """Fetch all widgets that the token is valid for, newest first, as the API describes them.

    Raises:
        InvalidRequest: the token is not valid.
        DependencyUnavailable: the API does not answer.
    """
    widgets: list[dict[str, Any]] = []
    while True:
        page = await _send(api_url, "GET", f"{WIDGETS}?limit={PAGE_SIZE}&offset={len(widgets)}", _bearer(token))
        widgets += page.json()["widgets"]
        if len(page.json()["widgets"]) < PAGE_SIZE:
            return widgets


async def fetch_widget(api_url: str, widget_id: UUID, token: str) -> dict[str, Any]:
    """Fetch the widget as its owner sees it.

    Raises:
        InvalidRequest: there is no such widget, or the token is not valid for it.
        DependencyUnavailable: the API does not answer.
    """
    found: dict[str, Any] = (await _send(api_url, "GET", f"{WIDGETS}/{widget_id}", _bearer(token))).json()
    return found


async def request_deletion(api_url: str, widget_id: UUID, token: str) -> None:
    """Delete the widget with its knowledge and conversations.

    Raises:
        InvalidRequest: there is no such widget, or the token is not valid for it.
        DependencyUnavailable: the API does not answer.
    """
    await _send(api_url, "DELETE", f"{WIDGETS}/{widget_id}", _bearer(token))


async def request_rollback(api_url: str, widget_id: UUID, token: str) -> str:
    """Return the widget to the build before; return that build's id.

    Raises:
        InvalidRequest: there is no such widget or no earlier build, or the token is not valid for it.
        DependencyUnavailable: the API does not answer.
    """
    answer = await _send(api_url, "POST", f"{WIDGETS}/{widget_id}/rollback", _bearer(token))
    return str(answer.json()["build_id"])


async def request_publication(api_url: str, widget_id: UUID, token: str) -> str:
    """Publish the widget's held build; return its id.

    Raises:
        InvalidRequest: there is no such widget or no held build, or the token is not valid for it.
        DependencyUnavailable: the API does not answer.
    """
    answer = await _send(api_url, "POST", f"{WIDGETS}/{widget_id}/publish", _bearer(token))
    return str(answer.json()["build_id"])


async def keep_test_questions(
    api_url: str, widget_id: UUID, token: str, questions: Sequence[Mapping[str, str]]
) -> None:
    """Store the widget's test questions in place of those that it has.

    Raises:
        InvalidRequest: there is no such widget, there are too many questions, or the token is not valid for it.
        DependencyUnavailable: the API does not answer.
    """
    path = f"{WIDGETS}/{widget_id}/test-questions"
    await _send(api_url, "PUT", path, _bearer(token), {"questions": list(questions)})


async def request_cancellation(api_url: str, build_id: UUID, token: str) -> None:
    """Cancel a build; its stream ends with `builder_cancelled`, unless it was over before.

    Raises:
        InvalidRequest: there is no such build, or the token is not valid for its widget.
        DependencyUnavailable: the API does not answer.
    """
    try:
        await _send(api_url, "DELETE", f"{BUILDS}/{build_id}", _bearer(token))
    except InvalidRequest as error:
        if error.status != 409:
            raise


def parse_widget_id(text: str) -> UUID:
    """Parse a widget's id.

    Raises:
        InvalidRequest: the text is no id.
    """
    try:
        return UUID(text)
    except ValueError as error:
        message = "WIDGET must be a widget's id, as `widget-builder list` prints it."
        raise InvalidRequest("widget_invalid", message, field="widget") from error


def open_http_client(api_url: str, *, read_timeout_s: float = READ_TIMEOUT_S) -> httpx.AsyncClient:
    """An HTTP client for the API; closed on leaving."""
    # The API is our own: a proxy set in the environment is for other hosts.
    timeout = httpx.Timeout(read_timeout_s, connect=min(read_timeout_s, 10))
    return httpx.AsyncClient(base_url=api_url, timeout=timeout, trust_env=False)


async def _start_stream(
    http: httpx.AsyncClient, request: _Request, headers: dict[str, str]
) -> AsyncGenerator[BuildEvent, None]:
    async with aconnect_sse(http, "POST", request.path, json=request.body, headers=headers) as source:
        if source.response.is_error:
            raise parse_error(source.response.status_code, await source.response.aread())
        async for event in _events(source):
            yield event


async def _resume_stream(http: httpx.AsyncClient, build_id: UUID, last: int) -> AsyncGenerator[BuildEvent, None]:
    address, headers = f"{BUILDS}/{build_id}/events", {"Last-Event-ID": str(last)}
    async with aconnect_sse(http, "GET", address, headers=headers) as source:
        status = source.response.status_code
        if status == 429 or status >= 500 or status == 204:
            raise _Interrupted(f"HTTP {status}")
        if source.response.is_error:
            raise parse_error(status, await source.response.aread())
        async for event in _events(source):
            yield event


async def _events(source: EventSource) -> AsyncGenerator[BuildEvent, None]:
    try:
        async for frame in source.aiter_sse():
            if frame.data:  # httpx-sse yields an empty frame for the blank line after a comment
                yield BuildEvent.model_validate_json(frame.data)
    except (SSEError, ValidationError) as error:
        message = f"{source.response.url} does not answer as the AI Widget Builder's API does: {error}"
        raise WidgetBuilderError(message) from error


def parse_error(status: int, body: bytes) -> WidgetBuilderError:
    """Turn the API's error into an exception: InvalidRequest for 4xx, else WidgetBuilderError."""
    try:
        error = json.loads(body)["error"]
        code, message, field = str(error["code"]), str(error["message"]), error.get("field")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message, field = "http_status", f"The API answered with HTTP {status}.", None
    if status < 500:
        return InvalidRequest(code, message, field=field, status=status)
    failure = WidgetBuilderError(message)
    failure.code = code
    return failure


async def _send(
    api_url: str, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None = None
) -> httpx.Response:
    async with open_http_client(api_url) as http:
        try:
            response = await http.request(method, path, headers=headers, json=body)
        except httpx.TransportError as error:
            raise DependencyUnavailable(f"API at {api_url}", _describe(error)) from error
    if response.is_error:
        raise parse_error(response.status_code, response.content)
    return response


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _describe(error: Exception) -> str:
    return str(error) or type(error).__name__
