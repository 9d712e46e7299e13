"""Prometheus metrics: requests, event streams and answers of this process, and figures of the whole product."""

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.app_state import AppState, app_state
from api.product_metrics import ProductMetrics
from tasks.core.json_logs import name_request
from tasks.knowledge.openai_api.model_status import ModelStatus, days_until
from tasks.records.monitoring import count_records
from tasks.records.product_figures import read_product_figures

READ_TIMEOUT_S = 5.0
STATUSES = ("pending", "running", "completed", "failed", "cancelled")
METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")


class ModelMetrics:
    """The metrics of the models at OPENAI_BASE_URL; none without a key."""

    def __init__(self) -> None:
        self.models: Sequence[ModelStatus] = ()

    def collect(self) -> Iterator[Metric]:
        """Yield the current values, as prometheus_client asks for them."""
        prefix, labels = "widget_builder_model", ("role", "model")
        up = GaugeMetricFamily(f"{prefix}_up", "Whether the model's requests succeed.", labels=labels)
        requests = CounterMetricFamily(f"{prefix}_requests", "Requests by outcome.", labels=(*labels, "outcome"))
        days = GaugeMetricFamily(f"{prefix}_shutdown_days", "Days until the announced shutdown.", labels=labels)
        for model in self.models:
            named = (model.role, model.name)
            up.add_metric(named, float(not model.problem))
            for outcome, count in model.outcomes.items():
                requests.add_metric((*named, outcome), count)
            if model.shutdown is not None:
                days.add_metric(named, days_until(model.shutdown))
        yield from (up, requests, days)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._models = ModelMetrics()
        self.registry.register(self._models)
        self._product = ProductMetrics()
        self.registry.register(self._product)
        labels, registry = ("method", "route"), self.registry
        self.requests = Counter(
            "widget_builder_http_requests", "HTTP requests answered.", (*labels, "status"), registry=registry
        )
        self.seconds = Histogram(
            "widget_builder_http_response_seconds", "Seconds until the response began.", labels, registry=registry
        )
        self.streams = Gauge("widget_builder_event_streams", "Open event streams.", registry=registry)
        self.database = Gauge("widget_builder_database_up", "Whether PostgreSQL answers.", registry=registry)
        self.widgets = Gauge("widget_builder_widgets", "Number of widgets.", registry=registry)
        self.builds = Gauge("widget_builder_builds", "Number of builds.", ("status",), registry=registry)

    async def refresh(self, state: AppState) -> None:
        """Refresh the gauges; while the database is down, its counts keep their last values."""
        self.streams.set(state.streams.readers)
        self._models.models = state.models
        self._product.token_cap = state.settings.chat_tokens
        try:
            counts = await count_records(state.pool, READ_TIMEOUT_S)
            self._product.day, self._product.stored = await read_product_figures(state.pool, READ_TIMEOUT_S)
        except (DatabaseError, PoolTimeout):
            self.database.set(0)
            return
        self.database.set(1)
        self.widgets.set(counts.widgets)
        for status in STATUSES:
            self.builds.labels(status).set(counts.builds.get(status, 0))


class RequestMetrics:
    """Middleware that counts requests by route and measures the time to the response's first byte.

    The length of a stream is not measured: its client decides that.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths: dict[Callable[..., object], str] = {
            route.endpoint: route.path for route in routes if isinstance(route, Route)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request and record it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name_request(lambda: _ids_in(scope))
        began = time.perf_counter()

        async def send_and_record(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._record(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, send_and_record)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # Paths and methods are the client's text: as labels they would make an unbounded number of time series.
        route = self._paths.get(scope.get("endpoint"), "none")  # type: ignore[arg-type]
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)


def _ids_in(scope: Scope) -> dict[str, object]:
    """Return the ids in the request's path, for its log records; the router has put them there."""
    params = scope.get("path_params") or {}
    return {name: params[f"{name}_id"] for name in ("build", "widget") if f"{name}_id" in params}


async def show_metrics(request: Request) -> Response:
    """GET /metrics: all metrics in Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    state = app_state(request)
    await metrics.refresh(state)
    text = generate_latest(metrics.registry) + generate_latest(state.chat_metrics.registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0})


routes = [Route("/metrics", show_metrics, methods=["GET"])]
