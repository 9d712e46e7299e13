"""Figures of a flow run on their way to its worker's metrics: a file that the run's process renews.

A run is a process of its own, and its figures outlive it: the worker adds them up. Every figure is of the run alone;
a resumed build has several.
"""

import os
from pathlib import Path

from tasks.core.models import Frozen

FILE_VARIABLE = "RUN_FIGURES_FILE"
"""Environment variable with the file's path, set by the worker; absent: nobody reads the figures."""

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pages": ("Pages by stage and outcome (passed, failed).", ("stage", "outcome")),
    "skipped_pages": ("Pages left out, by reason.", ("reason",)),
    "page_failures": ("Failed pages by stage and cause.", ("stage", "cause")),
    "extracted_urls": ("URLs handed to scraping, by method: browser, http, unfetched (leaves).", ("method",)),
    "stage_seconds": ("Seconds from a stage's first page to its last, summed over builds.", ("stage",)),
    "page_bytes": ("Bytes of the pages read.", ()),
    "page_tokens": ("Tokens of the pages read.", ()),
    "reused_pages": ("Pages of re-crawls that cost less: not sent again, not embedded again.", ("saved",)),
    "embedding_texts": ("Texts by the source of their vector: model or cache.", ("model", "source")),
    "embedding_requests": ("Calls of the embedding model.", ("model",)),
    "embedding_tokens": ("Tokens billed by the embedding service.", ("model",)),
    "embedding_cost_usd": ("US dollars for these tokens, where the price is known.", ("model",)),
    "lane_changes": ("Changes of a stage's number of lanes by direction: more, fewer.", ("stage", "direction")),
    "build_ends": ("Runs of builds by end: completed, failed, stopped (cancelled), died.", ("outcome",)),
}
"""Help and labels of the counters, by their names without prefix."""
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "lanes": ("Lanes by stage and state: working, idle.", ("stage", "state")),
    "lane_bound": ("Most lanes of a stage at present.", ("stage",)),
    "queue_depth": ("Items that wait for a stage's lanes.", ("stage",)),
}
"""The same of the figures that are current values."""


class Sample(Frozen):
    """A figure."""

    name: str
    labels: tuple[str, ...]
    value: float


class RunFigures(Frozen):
    """All figures of a run."""

    outcome: str | None = None
    """The build's end, as far as the run has seen it."""
    samples: tuple[Sample, ...] = ()


def write_figures(path: Path, figures: RunFigures) -> None:
    """Replace the file at once: the reader never sees half of it."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(figures.model_dump_json())
    os.replace(unfinished, path)


def read_figures(path: Path) -> RunFigures | None:
    """Read the file; None if the run has written none."""
    try:
        return RunFigures.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
