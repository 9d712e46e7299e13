"""Spans for an OpenTelemetry collector, sent in batches over OTLP/HTTP by a provider of our own.

With a process-wide provider, Prefect (3.8.8) would make a span of each task run.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.status import StatusCode

PATH = "/v1/traces"
EXPORT_TIMEOUT_S = 5.0
"""Seconds that the collector has to take a batch: the end of a build waits for the last one."""
NAMESPACE = "widget_builder."
"""Beginning of the names of our attributes."""

Value = str | int | float | bool


class OtlpSpan:
    """A span that has begun."""

    def __init__(self, spans: "OtlpSpans", span: Span) -> None:
        self._spans = spans
        self._span = span

    def note(self, **values: Value) -> None:
        """Set attributes of the span."""
        self._span.set_attributes({NAMESPACE + name: value for name, value in values.items()})

    @contextmanager
    def open_child(self, name: str, values: Mapping[str, Value]) -> Iterator["OtlpSpan"]:
        """Open a span within this one until the context ends."""
        with self._spans.open_span(name, values, parent=self._span.get_span_context()) as child:
            yield child


class OtlpSpans:
    """The spans of a process. They are begun in one thread."""

    def __init__(self, endpoint: str, part: str) -> None:
        """`part`: `api` or `worker`, a part of the service's name."""
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: f"widget-builder-{part}"}), id_generator=self._ids
        )
        exporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH, timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("widget_builder")

    @contextmanager
    def open_span(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        parent: SpanContext | None = None,
        ids: tuple[int, int | None] | None = None,
        began_ns: int | None = None,
    ) -> Iterator[OtlpSpan]:
        """Open a span until the context ends; `ids`: of the trace and, if it is not to be chosen, of the span."""
        self._ids.next = ids
        context = Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())
        span = self._tracer.start_span(name, context, start_time=began_ns)
        opened = OtlpSpan(self, span)
        opened.note(**values)
        try:
            yield opened
        except Exception as error:
            # Not its text, which may quote the site and the services.
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send the rest; blocks for `EXPORT_TIMEOUT_S` at most if the collector does not answer."""
        self._provider.shutdown()


class _Ids(RandomIdGenerator):
    """Random ids, but for those that are set for the next span."""

    next: tuple[int, int | None] | None = None

    def generate_trace_id(self) -> int:
        return self.next[0] if self.next else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return (self.next and self.next[1]) or super().generate_span_id()


def asking_span(build_id: UUID) -> SpanContext:
    """Return the place of the request's span in the trace of the build: both ids are parts of the build's id."""
    return SpanContext(
        build_id.int, build_id.int & (1 << 64) - 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
