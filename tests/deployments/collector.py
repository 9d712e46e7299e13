"""An OpenTelemetry collector on loopback: it takes traces over OTLP/HTTP and keeps their spans."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.sites.server import serve_handler

ARRIVAL_S = 60
"""Seconds until the spans of a run that has ended must be there, on a busy machine too."""


@dataclass(frozen=True)
class Received:
    """A span as it arrived."""

    service: str
    span: Span

    @property
    def values(self) -> dict[str, str | int]:
        """Its attributes, by name without our namespace."""
        return {
            it.key.removeprefix("widget_builder."): it.value.string_value or it.value.int_value
            for it in self.span.attributes
        }


@dataclass
class Collector:
    """The spans received, and how many requests had the header of the login."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    logins: set[str | None] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        """Take a batch of spans."""
        assert (request.method, request.path) == ("POST", "/v1/traces")
        self.logins.add(request.headers.get("X-Login"))
        for resource in ExportTraceServiceRequest.FromString(await request.read()).resource_spans:
            names = {it.key: it.value.string_value for it in resource.resource.attributes}
            spans = [span for scope in resource.scope_spans for span in scope.spans]
            self.received += [Received(names["service.name"], span) for span in spans]
        return web.Response(content_type="application/x-protobuf")

    async def trace_of(self, build_id: UUID, *roots: str) -> list[Received]:
        """The spans of the build's trace, once those of the names are there: they end last in their processes."""
        async with asyncio.timeout(ARRIVAL_S):
            while True:
                found = [it for it in self.received if it.span.trace_id == build_id.bytes]
                if {*roots} <= {it.span.name for it in found}:
                    return found
                await asyncio.sleep(0.2)


@asynccontextmanager
async def open_collector() -> AsyncIterator[Collector]:
    """A collector that listens."""
    collector = Collector()
    async with serve_handler(collector.answer) as url:
        collector.url = url
        yield collector
