"""A worker's metrics: figures of its runs, added up over runs that have ended."""

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from deployments.worker.worker_metrics import WorkerMetrics, serve_metrics
from tasks.core.errors import InvalidSetting
from tasks.core.run_figures import RunFigures, Sample, write_figures
from tests.conftest import MakeSettings


def figures(stored: float, *, waiting: float = 0, outcome: str | None = None) -> RunFigures:
    """Figures of a build that has stored so many pages."""
    pages = Sample(name="pages", labels=("storage", "passed"), value=stored)
    queue = Sample(name="queue_depth", labels=("store",), value=waiting)
    return RunFigures(outcome=outcome, samples=(pages, queue))


def shown(metrics: WorkerMetrics) -> dict[str, float]:
    """All values, by name and labels."""
    registry = CollectorRegistry()
    registry.register(metrics)
    return {
        sample.name.removeprefix("widget_builder_") + "".join(f" {value}" for value in sample.labels.values()): (
            sample.value
        )
        for metric in registry.collect()
        for sample in metric.samples
    }


def test_the_pages_of_runs_are_added_up_and_outlive_them(tmp_path: Path) -> None:
    """Each page once, while its run goes on and after it; queues are of those under way."""
    metrics = WorkerMetrics()
    files = [tmp_path / "a", tmp_path / "b"]
    for pid, file in enumerate(files):
        metrics.open_run(pid, file)
        write_figures(file, figures(10, waiting=3))
    assert shown(metrics)["pages_total storage passed"] == 20
    assert shown(metrics)["queue_depth store"] == 6
    assert shown(metrics)["runs"] == 2
    write_figures(files[0], figures(12, outcome="completed"))
    metrics.close_run(0)
    files[0].unlink()
    after = shown(metrics)
    assert after["pages_total storage passed"] == 22
    assert after["queue_depth store"] == 3
    assert after["build_ends_total completed"] == 1
    assert after["runs"] == 1


def test_a_counter_never_falls(tmp_path: Path) -> None:
    """Prometheus would take a page that is counted back, or a file that is gone, for a restart."""
    metrics = WorkerMetrics()
    metrics.open_run(1, tmp_path / "a")
    for stored in (10, 9):
        write_figures(tmp_path / "a", figures(stored))
        assert shown(metrics)["pages_total storage passed"] == 10
    (tmp_path / "a").unlink()
    assert shown(metrics)["pages_total storage passed"] == 10


def test_a_build_that_has_not_told_its_end_has_died(tmp_path: Path) -> None:
    """Other runs, such as the nightly one, write no figures and are no builds."""
    metrics = WorkerMetrics()
    for pid in (1, 2):
        metrics.open_run(pid, tmp_path / str(pid))
    write_figures(tmp_path / "1", figures(1))
    metrics.close_run(1)
    metrics.close_run(2)
    ends = {name: value for name, value in shown(metrics).items() if name.startswith("build_ends_total")}
    assert ends == {"build_ends_total died": 1}


def test_the_metrics_are_served_under_the_port_of_the_setting(settings: MakeSettings) -> None:
    """In Prometheus' format; a port that is taken is refused with the setting's name; without one nothing listens."""
    serve_metrics(settings(worker_metrics_port=None), WorkerMetrics())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(InvalidSetting, match=r"WIDGET_BUILDER_WORKER_METRICS_PORT.*in use"):
            serve_metrics(settings(worker_metrics_port=port), WorkerMetrics())
    serve_metrics(settings(worker_metrics_port=port), WorkerMetrics())
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        names = {family.name for family in text_string_to_metric_families(answer.read().decode())}
    assert {"widget_builder_pages", "widget_builder_runs", "widget_builder_page_bytes"} <= names
