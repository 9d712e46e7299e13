"""The event contract: the types of the events a build reports.

Flow, database and API share them. `BuildEvent` is stored, emitted through Prefect and sent as one SSE frame without
change. The SSE `id` is `seq`: 1, 2, 3 … per build, no gaps.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field

PREFECT_PREFIX = "widget-builder."
"""Custom events in Prefect are named `widget-builder.<type>`."""


class Stage(StrEnum):
    """The part of a build an event belongs to."""

    initialization = "initialization"
    theme = "theme"
    url_extraction = "url_extraction"
    knowledge_building = "knowledge_building"
    scraping = "scraping"
    embedding = "embedding"
    storage = "storage"
    completion = "completion"
    log = "log"


class EventType(StrEnum):
    """The closed set of event types."""

    builder_started = "builder_started"
    builder_resumed = "builder_resumed"
    builder_queued = "builder_queued"
    theme_generation_started = "theme_generation_started"
    theme_generation_completed = "theme_generation_completed"
    theme_generation_failed = "theme_generation_failed"
    url_extraction_started = "url_extraction_started"
    url_extraction_progress = "url_extraction_progress"
    url_extraction_completed = "url_extraction_completed"
    parallel_processing_started = "parallel_processing_started"
    parallel_processing_completed = "parallel_processing_completed"
    scraping_progress = "scraping_progress"
    scraping_failed = "scraping_failed"
    embedding_progress = "embedding_progress"
    embedding_failed = "embedding_failed"
    storage_progress = "storage_progress"
    storage_failed = "storage_failed"
    widget_ready = "widget_ready"
    builder_completed = "builder_completed"
    builder_failed = "builder_failed"
    builder_cancelled = "builder_cancelled"
    log = "log"

    @property
    def stage(self) -> Stage:
        """The stage this type belongs to."""
        return _STAGES[self]

    @property
    def is_terminal(self) -> bool:
        """Whether this event ends the build. Each build has exactly one terminal event."""
        return self in TERMINAL


_STAGES = {
    EventType.builder_started: Stage.initialization,
    EventType.builder_resumed: Stage.initialization,
    EventType.builder_queued: Stage.initialization,
    EventType.theme_generation_started: Stage.theme,
    EventType.theme_generation_completed: Stage.theme,
    EventType.theme_generation_failed: Stage.theme,
    EventType.url_extraction_started: Stage.url_extraction,
    EventType.url_extraction_progress: Stage.url_extraction,
    EventType.url_extraction_completed: Stage.url_extraction,
    EventType.parallel_processing_started: Stage.knowledge_building,
    EventType.parallel_processing_completed: Stage.knowledge_building,
    EventType.scraping_progress: Stage.scraping,
    EventType.scraping_failed: Stage.scraping,
    EventType.embedding_progress: Stage.embedding,
    EventType.embedding_failed: Stage.embedding,
    EventType.storage_progress: Stage.storage,
    EventType.storage_failed: Stage.storage,
    EventType.widget_ready: Stage.completion,
    EventType.builder_completed: Stage.completion,
    EventType.builder_failed: Stage.completion,
    EventType.builder_cancelled: Stage.completion,
    EventType.log: Stage.log,
}

TERMINAL = frozenset({EventType.builder_completed, EventType.builder_failed, EventType.builder_cancelled})


class EventDraft(BaseModel):
    """An event without its number."""

    model_config = ConfigDict(frozen=True)

    type: EventType
    message: str
    """One sentence for people."""
    detail: str | None = None
    """For failures: the cause, e.g. `timeout after 30s`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """JSON values only; the README lists the keys of each type."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def stage(self) -> Stage:
        """The stage of the event's type."""
        return self.type.stage


class BuildEvent(EventDraft):
    """One numbered event of one build."""

    seq: int = Field(ge=1)
    at: datetime
    build_id: UUID

    def to_json(self) -> str:
        """Return the JSON object that is stored, emitted and streamed."""
        return self.model_dump_json(exclude_none=True)


def number_event(draft: EventDraft, build_id: UUID, seq: int) -> BuildEvent:
    """Return the draft with its sequence number and the current time."""
    return BuildEvent(**draft.model_dump(exclude={"stage"}), seq=seq, at=datetime.now(UTC), build_id=build_id)
