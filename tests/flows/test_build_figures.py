"""Figures of a build for its worker's metrics: this run's alone, with labels that stay few."""

import os
from pathlib import Path

import pytest

from flows.build_figures import figures_of, reported_figures
from flows.progress import Progress
from tasks.core.database import Pool
from tasks.core.errors import FetchTimeout, PageSkipped
from tasks.core.events import EventType, Stage
from tasks.core.models import Target
from tasks.core.run_figures import COUNTERS, FILE_VARIABLE, GAUGES, read_figures
from tasks.records.crawl_record import CrawledUrl
from tests.knowledge.material import SITE, new_job


def earlier(url: str, status: str, reason: str | None = None) -> CrawledUrl:
    """A URL that an earlier attempt has dealt with."""
    return CrawledUrl.model_construct(url=url, status=status, reason=reason)


async def test_figures_are_those_of_this_run_alone(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of an earlier attempt are not counted again; reasons lose the site's own text; the end is told."""
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "figures.json"))
    progress = Progress(pool, await new_job(pool), None)
    with reported_figures(progress):
        first = read_figures(tmp_path / "figures.json")
        assert first is not None
        assert (first.outcome, first.samples) == (None, ())
        progress.count_earlier([earlier(f"{SITE}/1", "stored"), earlier(f"{SITE}/2", "skipped", "not_html: image/png")])
        for stage in (Stage.scraping, Stage.embedding, Stage.storage):
            await progress.count_passed(stage)
        for kind in ("image/png", "image/gif"):
            await progress.record_skip(Target(url=SITE, depth=1), PageSkipped(f"not_html: {kind}", "no page"))
        await progress.record_failure(Stage.scraping, Target(url=SITE, depth=1), FetchTimeout(5))
        await progress.emit(EventType.builder_completed, "Done")
    last = read_figures(tmp_path / "figures.json")
    assert last == figures_of(progress)
    assert last.outcome == "completed"
    values = {(sample.name, *sample.labels): sample.value for sample in last.samples}
    values.pop(("stage_seconds", "scraping"), None)
    assert values == {
        ("pages", "scraping", "passed"): 1,
        ("pages", "scraping", "failed"): 1,
        ("pages", "embedding", "passed"): 1,
        ("pages", "storage", "passed"): 1,
        ("page_failures", "scraping", "timeout"): 1,
        ("skipped_pages", "not_html"): 2,
    }
    for sample in last.samples:
        _, labels = (COUNTERS | GAUGES)[sample.name]
        assert len(sample.labels) == len(labels)


async def test_a_full_disk_does_not_end_a_build(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures are missing then, and nothing else."""
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "gone" / "figures.json"))
    with reported_figures(Progress(pool, await new_job(pool), None)):
        pass
    assert os.listdir(tmp_path) == []
