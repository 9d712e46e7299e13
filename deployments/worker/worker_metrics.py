"""Prometheus metrics of a worker: its runs' figures, those that have ended and those under way."""

import threading
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from tasks.core.errors import InvalidSetting
from tasks.core.run_figures import COUNTERS, GAUGES, RunFigures, Sample, read_figures
from tasks.core.settings import Settings

PREFIX = "widget_builder"
Key = tuple[str, tuple[str, ...]]
"""A figure's name and labels."""


class WorkerMetrics:
    """The figures of a worker's runs; they are added on the worker's event loop and read by the server's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[Key, float] = {}
        """Sums of the counters of runs that have ended."""
        self._runs: dict[int, tuple[Path, RunFigures | None]] = {}
        """File and last figures of the runs under way, by process id."""

    def open_run(self, pid: int, path: Path) -> None:
        """Count a run from now on."""
        with self._lock:
            self._runs[pid] = (path, None)

    def close_run(self, pid: int) -> None:
        """Add a run's last figures to the sums; a build whose run has not seen its end has died."""
        with self._lock:
            self._read(pid)
            _, figures = self._runs.pop(pid)
            if figures is None:
                # Not a build, or dead before its first figures.
                return
            ended = Sample(name="build_ends", labels=(figures.outcome or "died",), value=1)
            _add(self._ended, (*figures.samples, ended), COUNTERS)

    def collect(self) -> Iterator[Metric]:
        """Yield the current values, as prometheus_client asks for them."""
        with self._lock:
            for pid in self._runs:
                self._read(pid)
            running = [figures for _, figures in self._runs.values() if figures is not None]
            counters, gauges = dict(self._ended), dict[Key, float]()
            runs = len(self._runs)
        for figures in running:
            _add(counters, figures.samples, COUNTERS)
            _add(gauges, figures.samples, GAUGES)
        yield GaugeMetricFamily(f"{PREFIX}_runs", "Flow runs of this worker under way.", value=runs)
        for name, (text, labels) in COUNTERS.items():
            yield _filled(CounterMetricFamily(f"{PREFIX}_{name}", text, labels=labels), name, counters)
        for name, (text, labels) in GAUGES.items():
            yield _filled(GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels), name, gauges)

    def _read(self, pid: int) -> None:
        """Renew a run's figures; its counters never fall, as they may when a page is counted back."""
        path, last = self._runs[pid]
        if (new := read_figures(path)) is not None:
            self._runs[pid] = (path, new if last is None else _risen(last, new))


def serve_metrics(settings: Settings, metrics: WorkerMetrics) -> None:
    """Serve the metrics in a thread of their own, if the settings have a port for them.

    Raises:
        InvalidSetting: the port is in use.
    """
    if settings.worker_metrics_port is None:
        return
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(metrics)
    try:
        start_http_server(settings.worker_metrics_port, settings.host, registry)
    except OSError as error:
        problem = f"the worker cannot listen on {settings.host}:{settings.worker_metrics_port}: {error.strerror}"
        raise InvalidSetting("WIDGET_BUILDER_WORKER_METRICS_PORT", problem) from error


def _risen(last: RunFigures, new: RunFigures) -> RunFigures:
    values = {(sample.name, sample.labels): sample.value for sample in new.samples}
    for sample in last.samples:
        if sample.name in COUNTERS:
            key = (sample.name, sample.labels)
            values[key] = max(sample.value, values.get(key, 0))
    samples = tuple(Sample(name=name, labels=labels, value=value) for (name, labels), value in values.items())
    return RunFigures(outcome=new.outcome, samples=samples)


def _add(sums: dict[Key, float], samples: tuple[Sample, ...], known: dict[str, tuple[str, tuple[str, ...]]]) -> None:
    for sample in samples:
        if sample.name in known:
            key = (sample.name, sample.labels)
            sums[key] = sums.get(key, 0) + sample.value


def _filled(family: CounterMetricFamily | GaugeMetricFamily, name: str, values: dict[Key, float]) -> Metric:
    if not any(key == name for key, _ in values) and not (COUNTERS | GAUGES)[name][1]:
        family.add_metric((), 0)
    for (key, labels), value in sorted(values.items()):
        if key == name:
            family.add_metric(labels, value)
    return family
