"""Prometheus metrics of the answers that one API process gives to visitors."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
"""Seconds: quoted answers take a few hundredths, generated ones seconds."""


class ChatMetrics:
    """Answers by outcome, and their latency."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.answers = Counter(
            "widget_builder_chat_answers",
            "Answers by outcome: generated, extractive, own, refusal, small_talk, failed, abandoned.",
            ("outcome",),
            registry=registry,
        )
        self.first_seconds = Histogram(
            "widget_builder_chat_first_event_seconds",
            "Seconds from the prepared question to the answer's first event.",
            registry=registry,
            buckets=BUCKETS,
        )
        self.seconds = Histogram(
            "widget_builder_chat_answer_seconds",
            "Seconds until the answer's last event, of answers that were read to the end.",
            registry=registry,
            buckets=BUCKETS,
        )


class AnswerClock:
    """Measures one answer."""

    def __init__(self, metrics: ChatMetrics) -> None:
        self._metrics = metrics
        self._began = time.perf_counter()
        self._is_first = True
        self._outcome = "abandoned"

    def tick(self) -> None:
        """Record an event of the answer."""
        if self._is_first:
            self._is_first = False
            self._metrics.first_seconds.observe(time.perf_counter() - self._began)

    def finish(self, outcome: str) -> None:
        """Set the outcome of an answer that has come to its end; without it, its visitor has left."""
        self._outcome = outcome
        self._metrics.seconds.observe(time.perf_counter() - self._began)

    def close(self) -> None:
        """Count the answer."""
        self._metrics.answers.labels(self._outcome).inc()
