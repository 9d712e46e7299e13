"""Prometheus metrics of the whole product, read from the database: each API process shows the same.

Across replicas they are not to be added: `max by (…)`, not `sum`.
"""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from tasks.records.product_figures import DayOfBuilds, StoredFigures

PREFIX = "widget_builder"


class ProductMetrics:
    """The figures read last; none before the first reading."""

    def __init__(self) -> None:
        self.day: DayOfBuilds | None = None
        self.stored: StoredFigures | None = None
        self.token_cap = 0

    def collect(self) -> Iterator[Metric]:
        """Yield the current values, as prometheus_client asks for them."""
        if self.day is not None:
            yield from _day_metrics(self.day)
        if self.stored is not None:
            yield from self._stored_metrics(self.stored)

    def _stored_metrics(self, stored: StoredFigures) -> Iterator[Metric]:
        yield _gauge("oldest_waiting_build_seconds", "Age of the oldest pending build.", stored.oldest_waiting_s)
        yield _gauge("silent_builds", "Running builds without a heartbeat for a minute.", stored.silent_builds)
        yield _gauge("stored_pages", "Stored pages, estimated.", stored.pages)
        yield _gauge("stored_chunks", "Stored passages, estimated.", stored.chunks)
        yield _gauge("cached_vectors", "Vectors in the embedding cache, estimated.", stored.cached_vectors)
        yield _gauge("database_bytes", "Size of the database.", stored.bytes)
        yield _gauge("model_tokens_today", "Model tokens charged to visitors today (UTC).", stored.model_tokens_today)
        yield _gauge("model_tokens_limit", "WIDGET_BUILDER_CHAT_TOKENS.", self.token_cap)
        deliveries = GaugeMetricFamily(f"{PREFIX}_webhook_deliveries", "Webhook deliveries.", labels=("status",))
        deliveries.add_metric(("waiting",), stored.waiting_deliveries)
        deliveries.add_metric(("dead",), stored.dead_deliveries)
        yield deliveries


def _day_metrics(day: DayOfBuilds) -> Iterator[Metric]:
    builds = GaugeMetricFamily(f"{PREFIX}_day_builds", "Builds ended in the last 24 hours.", labels=("status",))
    for status in ("completed", "failed", "cancelled"):
        builds.add_metric((status,), getattr(day, status))
    pages = GaugeMetricFamily(f"{PREFIX}_day_pages", "Pages of these builds.", labels=("stage", "outcome"))
    for stage, passed, failed in (
        ("scraping", day.scraped_pages, day.failed_scrapes),
        ("embedding", day.embedded_pages, day.failed_embeddings),
        ("storage", day.stored_pages, day.failed_stores),
    ):
        pages.add_metric((stage, "passed"), passed)
        pages.add_metric((stage, "failed"), failed)
    pages.add_metric(("scraping", "skipped"), day.skipped_pages)
    changes = GaugeMetricFamily(f"{PREFIX}_day_recrawled_pages", "Pages of their re-crawls.", labels=("change",))
    for change in ("added", "changed", "removed", "unchanged"):
        changes.add_metric((change,), getattr(day, change))
    yield from (builds, pages, changes)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)
