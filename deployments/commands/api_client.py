"""The product's API as a program sees it: start a build, follow it to its end, cancel it; and its widgets."""

import asyncio
import json
from collections.abc import AsyncGenerator
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
LISTED_AT_ONCE = 1_000
SILENCE_S = 45.0
"""The API sends a comment every 15 s: three missing ones mean that the connection is dead."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
START_PATIENCE_S = 3.0
"""Seconds of pauses before we give up handing a build in."""
FOLLOW_PATIENCE_S = 120.0
"""Seconds of pauses without an event before we give up following; the build goes on without us."""


@dataclass(frozen=True)
class _Request:
    """What begins a build, or joins one."""

    path: str
    body: dict[str, Any] | None
    headers: dict[str, str] = field(default_factory=dict)


class _Interrupted(Exception):
    """The stream broke or could not be had just now: ask again."""


class _Patience:
    """Pauses between attempts, doubling, until they have cost too much without any progress."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self._limit_s = START_PATIENCE_S
        self._waited_s, self._pause_s = 0.0, FIRST_PAUSE_S

    def progress(self) -> None:
        """An event came: the build is known there, and the stream is worth waiting for."""
        self._limit_s = FOLLOW_PATIENCE_S
        self._waited_s, self._pause_s = 0.0, FIRST_PAUSE_S

    async def pause(self, cause: Exception | None) -> None:
        """Wait for the next attempt.

        Raises:
            DependencyUnavailable: there was no progress for too long.
        """
        if self._waited_s >= self._limit_s:
            raise DependencyUnavailable(
                f"API at {self._api_url}",
                f"does not answer ({_cause(cause)})" if cause else "ends its stream before the build ends",
                "is `widget-builder up` running?",
            ) from cause
        await asyncio.sleep(self._pause_s)
        self._waited_s += self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


async def build(
    api_url: str, url: str, depth: int | None = None, max_pages: int | None = None
) -> AsyncGenerator[BuildEvent, None]:
    """Every event of a new build, once each and in order, up to the terminal one.

    A stream that breaks is resumed with `Last-Event-ID`; a request whose answer never came is handed in
    again under the same `Idempotency-Key`.

    Raises:
        InvalidRequest: the API refused the request.
        DependencyUnavailable: the API does not answer (any more).
        WidgetBuilderError: the API answered with an error of its own.
    """
    body = {"url": url, "depth": depth, "max_pages": max_pages}
    wanted = {name: value for name, value in body.items() if value is not None}
    async with aclosing(_follow(api_url, _Request(BUILDS, wanted))) as events:
        async for event in events:
            yield event


async def recrawl(
    api_url: str, widget_id: UUID, token: str, *, allow_fewer_pages: bool = False
) -> AsyncGenerator[BuildEvent, None]:
    """The same for a widget that is built anew, or is being built already.

    Raises:
        InvalidRequest: there is no such widget, or it is not for this token.
        DependencyUnavailable, WidgetBuilderError: as for a new build.
    """
    body = {"allow_fewer_pages": True} if allow_fewer_pages else None
    wanted = _Request(f"{WIDGETS}/{widget_id}/recrawl", body, _bearer(token))
    async with aclosing(_follow(api_url, wanted)) as events:
        async for event in events:
            yield event


async def _follow(api_url: str, wanted: "_Request") -> AsyncGenerator[BuildEvent, None]:
    headers = {**wanted.headers, "Idempotency-Key": str(uuid4())}
    build_id, last = None, 0
    patience = _Patience(api_url)
    async with open_http(api_url) as http:
        while True:
            cause: Exception | None = None
            stream = _start(http, wanted, headers) if build_id is None else _resume(http, build_id, last)
            try:
                async with aclosing(stream):
                    async for event in stream:
                        if event.seq <= last:
                            continue
                        if event.seq > last + 1:
                            break  # the record has what this stream lost
                        build_id, last = event.build_id, event.seq
                        patience.progress()
                        yield event
                        if event.type.is_terminal:
                            return
            except (httpx.TransportError, _Interrupted) as error:
                cause = error
            await patience.pause(cause)


async def read_widgets(api_url: str, token: str) -> list[dict[str, Any]]:
    """All widgets that the token opens, newest first, as the API describes them.

    Raises:
        InvalidRequest: the token opens nothing.
        DependencyUnavailable: the API does not answer.
    """
    widgets: list[dict[str, Any]] = []
    while True:
        page = await _ask(api_url, "GET", f"{WIDGETS}?limit={LISTED_AT_ONCE}&offset={len(widgets)}", _bearer(token))
        widgets += page.json()["widgets"]
        if len(page.json()["widgets"]) < LISTED_AT_ONCE:
            return widgets


async def read_widget(api_url: str, widget_id: UUID, token: str) -> dict[str, Any]:
    """The widget as its owner sees it.

    Raises:
        InvalidRequest: there is no such widget, or it is not for this token.
        DependencyUnavailable: the API does not answer.
    """
    found: dict[str, Any] = (await _ask(api_url, "GET", f"{WIDGETS}/{widget_id}", _bearer(token))).json()
    return found


async def delete_widget(api_url: str, widget_id: UUID, token: str) -> None:
    """Delete the widget with all it knows.

    Raises:
        InvalidRequest: there is no such widget, or it is not for this token.
        DependencyUnavailable: the API does not answer.
    """
    await _ask(api_url, "DELETE", f"{WIDGETS}/{widget_id}", _bearer(token))


async def cancel(api_url: str, build_id: UUID) -> None:
    """Ask for the end of a build; its stream ends with `builder_cancelled`, unless it was over before.

    Raises:
        InvalidRequest: there is no such build.
        DependencyUnavailable: the API does not answer.
    """
    try:
        await _ask(api_url, "DELETE", f"{BUILDS}/{build_id}", {})
    except InvalidRequest as error:
        if error.status != 409:
            raise


def parse_widget(text: str) -> UUID:
    """The widget's id.

    Raises:
        InvalidRequest: it is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        message = "WIDGET must be a widget's id, as `widget-builder build` prints it."
        raise InvalidRequest("widget_invalid", message, field="widget") from error


def open_http(api_url: str, *, silence_s: float = SILENCE_S) -> httpx.AsyncClient:
    """A client of the API."""
    # The API is our own: a proxy named in the environment is meant for other sites.
    timeout = httpx.Timeout(silence_s, connect=min(silence_s, 10))
    return httpx.AsyncClient(base_url=api_url, timeout=timeout, trust_env=False)


async def _start(
    http: httpx.AsyncClient, wanted: _Request, headers: dict[str, str]
) -> AsyncGenerator[BuildEvent, None]:
    async with aconnect_sse(http, "POST", wanted.path, json=wanted.body, headers=headers) as source:
        if source.response.is_error:
            raise refusal(source.response.status_code, await source.response.aread())
        async for event in _events(source):
            yield event


async def _resume(http: httpx.AsyncClient, build_id: UUID, last: int) -> AsyncGenerator[BuildEvent, None]:
    address, headers = f"{BUILDS}/{build_id}/events", {"Last-Event-ID": str(last)}
    async with aconnect_sse(http, "GET", address, headers=headers) as source:
        status = source.response.status_code
        if status == 429 or status >= 500 or status == 204:
            raise _Interrupted(f"HTTP {status}")
        if source.response.is_error:
            raise refusal(status, await source.response.aread())
        async for event in _events(source):
            yield event


async def _events(source: EventSource) -> AsyncGenerator[BuildEvent, None]:
    try:
        async for frame in source.aiter_sse():
            if frame.data:  # httpx-sse reports the blank line after a comment as an empty frame
                yield BuildEvent.model_validate_json(frame.data)
    except (SSEError, ValidationError) as error:
        message = f"{source.response.url} does not answer as the AI Widget Builder's API does: {error}"
        raise WidgetBuilderError(message) from error


def refusal(status: int, body: bytes) -> WidgetBuilderError:
    """The API's error as ours: 4xx is an InvalidRequest."""
    try:
        told = json.loads(body)["error"]
        code, message, field = str(told["code"]), str(told["message"]), told.get("field")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message, field = "http_status", f"The API answered with HTTP {status}.", None
    if status < 500:
        return InvalidRequest(code, message, field=field, status=status)
    error = WidgetBuilderError(message)
    error.code = code
    return error


async def _ask(api_url: str, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async with open_http(api_url) as http:
        try:
            response = await http.request(method, path, headers=headers)
        except httpx.TransportError as error:
            raise DependencyUnavailable(f"API at {api_url}", _cause(error)) from error
    if response.is_error:
        raise refusal(response.status_code, response.content)
    return response


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__
