"""Figures of a build for its worker's metrics (`tasks.core.run_figures`)."""

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flows.progress import Progress
from tasks.core.events import Stage
from tasks.core.run_figures import FILE_VARIABLE, RunFigures, Sample, write_figures

logger = logging.getLogger("widget_builder.figures")

WRITE_S = 2.0
"""Seconds between two writes."""


@contextmanager
def reported_figures(progress: Progress) -> Iterator[None]:
    """Write the figures at once, so that a run that dies is counted, and on leaving."""
    _write(progress)
    try:
        yield
    finally:
        _write(progress)


async def report_figures(progress: Progress) -> None:
    """Write the figures every few seconds; never return."""
    while True:
        _write(progress)
        await asyncio.sleep(WRITE_S)


def _write(progress: Progress) -> None:
    if path := os.environ.get(FILE_VARIABLE):
        try:
            write_figures(Path(path), figures_of(progress))
        except OSError as error:
            # A full disk for temporary files: no reason to end a build.
            logger.warning("the run's figures cannot be written: %s", error)


def figures_of(progress: Progress) -> RunFigures:
    """Return the run's figures so far; pages of earlier attempts belong to other runs."""
    samples = [*_pages(progress), *_embedding(progress), *_lanes(progress)]
    return RunFigures(outcome=progress.outcome, samples=tuple(sample for sample in samples if sample.value))


def _pages(progress: Progress) -> Iterator[Sample]:
    for stage, meter in progress.meters.items():
        yield _sample("pages", meter.done - progress.earlier_pages.get(stage, 0), stage, "passed")
        yield _sample("pages", meter.failed, stage, "failed")
        yield _sample("stage_seconds", meter.performance["seconds"], stage)
    for (stage, code), count in progress.failure_codes.items():
        yield _sample("page_failures", count, stage, code)
    skipped: dict[str, int] = {}
    for reason, count in (progress.skipped - progress.earlier_skipped).items():
        # `not_html: image/png`: types are the site's text.
        skipped[reason.partition(":")[0]] = skipped.get(reason.partition(":")[0], 0) + count
    yield from _by_label("skipped_pages", skipped)
    yield from _by_label("extracted_urls", progress.by_method)
    yield from _by_label("reused_pages", progress.reused)
    yield _sample("page_bytes", progress.byte_count)
    yield _sample("page_tokens", progress.token_count)


def _embedding(progress: Progress) -> Iterator[Sample]:
    if (embedder := progress.embedder) is None:
        return
    model, usage = embedder.model, embedder.usage
    yield _sample("embedding_texts", usage.inputs, model, "model")
    yield _sample("embedding_texts", usage.cached, model, "cache")
    yield _sample("embedding_requests", usage.calls, model)
    yield _sample("embedding_tokens", usage.tokens, model)
    if embedder.price is not None:
        yield _sample("embedding_cost_usd", usage.tokens * embedder.price / 1_000_000, model)


def _lanes(progress: Progress) -> Iterator[Sample]:
    for lanes in progress.lanes:
        yield _sample("lanes", lanes.working, lanes.limit, "working")
        yield _sample("lanes", lanes.idle, lanes.limit, "idle")
        yield _sample("lane_bound", lanes.most, lanes.limit)
        yield _sample("queue_depth", len(lanes.source.waiting), lanes.limit)
    for (limit, direction), count in progress.lane_changes.items():
        yield _sample("lane_changes", count, limit, direction)


def _by_label(name: str, counts: Mapping[str, int]) -> Iterator[Sample]:
    for label, count in counts.items():
        yield _sample(name, count, label)


def _sample(name: str, value: float, *labels: str | Stage) -> Sample:
    return Sample(name=name, labels=tuple(map(str, labels)), value=value)
