"""The view of a build: what every display shows of it. `view_steps` folds the events into it; nothing is estimated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from tasks.core.events import EventType, Stage
from tasks.core.theme_model import Theme

STAGES = (Stage.theme, Stage.url_extraction, Stage.scraping, Stage.embedding, Stage.storage)
"""The stages that are shown, in order."""


class StageStatus(Enum):
    """Progress of a stage."""

    waiting = "waiting"
    running = "running"
    done = "done"
    stopped = "stopped"
    """The build ended while the stage ran."""


@dataclass(frozen=True)
class StageView:
    """One stage: pages done of those known so far, and its duration."""

    status: StageStatus = StageStatus.waiting
    done: int = 0
    total: int | None = None
    failed: int = 0
    began: datetime | None = None
    counted_at: datetime | None = None
    """Time of the last event that gave `done`."""
    ended: datetime | None = None
    measured_s: float | None = None
    """Seconds, as measured by the build itself."""
    measured_rate: float | None = None
    """Pages a second, as measured by the build itself."""

    def seconds(self, now: datetime) -> float | None:
        """Seconds the stage has taken; None before it began."""
        if self.measured_s is not None or self.began is None:
            return self.measured_s
        return max(0.0, ((self.ended or now) - self.began).total_seconds())

    @property
    def rate(self) -> float | None:
        """Pages a second up to the last count; None while it is unknown."""
        if self.measured_rate is not None:
            return self.measured_rate
        if self.began is None or self.counted_at is None or not self.done:
            return None
        seconds = (self.counted_at - self.began).total_seconds()
        return self.done / seconds if seconds > 0 else None


@dataclass(frozen=True)
class Failure:
    """One page that failed."""

    stage: Stage
    url: str
    cause: str


@dataclass(frozen=True)
class Cause:
    """Number of pages that failed for one reason, and the URL of the first."""

    count: int
    example: str


@dataclass(frozen=True)
class BuildView:
    """State of a build according to its events so far."""

    url: str = ""
    depth: int | None = None
    max_pages: int | None = None
    build_id: UUID | None = None
    widget_id: str | None = None
    owner_token: str | None = field(default=None, repr=False)
    began: datetime | None = None
    latest: datetime | None = None
    message: str = ""
    """Message of the last event that is not about a single page."""
    theme: Theme | None = None
    theme_problem: str | None = None
    """Reason why the neutral theme is used."""
    stages: Mapping[Stage, StageView] = field(default_factory=lambda: dict.fromkeys(STAGES, StageView()))
    failures: tuple[Failure, ...] = ()
    causes: Mapping[tuple[Stage, str], Cause] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    by_method: Mapping[str, int] = field(default_factory=dict)
    diff: Mapping[str, int] = field(default_factory=dict)
    """Pages by change (added, changed, removed, unchanged), of a re-crawl."""
    ready_pages: int | None = None
    """Number of pages stored when the widget became ready."""
    ready_at: datetime | None = None
    outcome: EventType | None = None
    """The terminal event's type, once it has come."""
    error: str | None = None
    """Reason why the build failed."""
    remedy: str | None = None
    """Remedy for it, as the build names it."""
    embed_snippet: str | None = None
    preview_url: str | None = None
    byte_count: int | None = None
    token_count: int | None = None

    def seconds(self, now: datetime | None = None) -> float:
        """Seconds since the build's first event, up to its last one when it is over."""
        end = self.latest if self.outcome or now is None else now
        return max(0.0, (end - self.began).total_seconds()) if self.began and end else 0.0
