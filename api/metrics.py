"""What monitoring asks for (Prometheus): requests of this process, and how builds stand for all of them."""

import time
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.app_state import AppState, service_of

READ_TIMEOUT_S = 5.0
STATUSES = ("pending", "running", "completed", "failed", "cancelled")
_COUNTS = "SELECT status, count(*) FROM scrape_jobs GROUP BY status"


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels, registry = ("method", "route"), self.registry
        self.requests = Counter(
            "widget_builder_http_requests", "Requests answered.", (*labels, "status"), registry=registry
        )
        self.seconds = Histogram(
            "widget_builder_http_response_seconds", "Until an answer began.", labels, registry=registry
        )
        self.streams = Gauge("widget_builder_event_streams", "Clients that follow a build here.", registry=registry)
        self.database = Gauge("widget_builder_database_up", "Whether PostgreSQL answers.", registry=registry)
        self.widgets = Gauge("widget_builder_widgets", "Widgets there are.", registry=registry)
        self.builds = Gauge("widget_builder_builds", "Builds on record.", ("status",), registry=registry)

    async def read(self, service: AppState) -> None:
        """Bring up to date what is not counted here; while the database is away, its figures stay as they were."""
        self.streams.set(service.streams.readers)
        try:
            async with service.pool.connection(timeout=READ_TIMEOUT_S) as connection:
                rows = await (await connection.execute(_COUNTS)).fetchall()
                builds: dict[str, int] = {row[0]: row[1] for row in rows}
                widgets = await (await connection.execute("SELECT count(*) FROM widgets")).fetchone()
        except (DatabaseError, PoolTimeout):
            self.database.set(0)
            return
        self.database.set(1)
        self.widgets.set(widgets[0] if widgets else 0)
        for status in STATUSES:
            self.builds.labels(status).set(builds.get(status, 0))


class Measured:
    """Counts requests by route, and how long each took to be answered; a stream's length is its client's business."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths: dict[Callable[..., object], str] = {
            route.endpoint: route.path for route in routes if isinstance(route, Route)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and take note of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noting)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # What was asked for is anybody's text: only what we know becomes a label.
        route = self._paths.get(scope.get("endpoint"), "none")  # type: ignore[arg-type]
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PATCH", "DELETE") else "other"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)


async def show(request: Request) -> Response:
    """GET /metrics: all figures as text."""
    metrics: Metrics = request.app.state.metrics
    await metrics.read(service_of(request))
    return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0})


routes = [Route("/metrics", show, methods=["GET"])]
