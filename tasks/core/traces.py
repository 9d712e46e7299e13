"""Traces of builds: one a build, from the request that asks for it to the storing of its pages.

The id of the trace is the build's: the API, and each run that goes on with the build, add to one trace without handing
anything on. Without `otlp_endpoint` nothing is traced, and nothing of OpenTelemetry's SDK is imported.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from tasks.core.settings import Settings

if TYPE_CHECKING:
    from tasks.core.otlp_spans import OtlpSpan, OtlpSpans, Value

_present: ContextVar["OtlpSpan | None"] = ContextVar("present_span", default=None)


class Noted(Protocol):
    """A span that takes attributes."""

    def note(self, **values: "Value") -> None:
        """Set attributes of the span."""


class _Untraced:
    """The span of a process that traces nothing."""

    def note(self, **values: "Value") -> None:
        pass


@asynccontextmanager
async def open_spans(settings: Settings, part: str) -> AsyncIterator["OtlpSpans | None"]:
    """Open the spans of this process, and send the rest of them at exit; None if nothing is traced."""
    if settings.otlp_endpoint is None:
        yield None
        return
    # Imported only when used: a fifth of a second.
    from tasks.core.otlp_spans import OtlpSpans

    spans = OtlpSpans(settings.otlp_endpoint, part)
    try:
        yield spans
    finally:
        await asyncio.to_thread(spans.close)


@contextmanager
def trace_request(
    spans: "OtlpSpans | None", name: str, build_id: UUID, began_ns: int, **values: "Value"
) -> Iterator[None]:
    """Trace the request that asks for a new build, from the time of its arrival: the beginning of the build's trace."""
    if spans is None:
        yield
        return
    from tasks.core.otlp_spans import asking_span

    place = asking_span(build_id)
    values |= {"build_id": str(build_id)}
    with spans.open_span(name, values, ids=(place.trace_id, place.span_id), began_ns=began_ns):
        yield


@contextmanager
def trace_build(spans: "OtlpSpans | None", build_id: UUID, *, was_asked: bool, **values: "Value") -> Iterator[Noted]:
    """Trace a run's attempt at the build; `was_asked`: by a request, whose span it continues."""
    if spans is None:
        yield _Untraced()
        return
    from tasks.core.otlp_spans import asking_span

    parent = asking_span(build_id) if was_asked else None
    values |= {"build_id": str(build_id)}
    with spans.open_span("build", values, parent=parent, ids=(build_id.int, None)) as span, _entered(span):
        yield span


@contextmanager
def trace(name: str, **values: "Value") -> Iterator[Noted]:
    """Trace what happens in the context as a part of the present span; nothing without one."""
    parent = _present.get()
    if parent is None:
        yield _Untraced()
        return
    with parent.open_child(name, values) as span, _entered(span):
        yield span


@contextmanager
def _entered(span: "OtlpSpan") -> Iterator[None]:
    token = _present.set(span)
    try:
        yield
    finally:
        _present.reset(token)
