"""A widget's own schedule in Prefect: how it is named, and which widget a schedule is for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

_PREFIX = "widget-"
MAX_INTERVAL_S = 366 * 86_400


class WidgetSchedule(BaseModel):
    """When a widget's site is read again: by a cron line or at an interval."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    cron: str | None = Field(None, max_length=100)
    """Five fields: minute, hour, day, month, weekday."""
    interval_s: int | None = Field(None, ge=1, le=MAX_INTERVAL_S, strict=True)
    """Seconds between two readings."""
    timezone: str = Field("UTC", max_length=64)
    """IANA name, like Europe/Berlin."""
    jitter_s: int = Field(0, ge=0, le=86_400, strict=True)
    """Most seconds by which a reading starts later, at random."""
    active: bool = Field(True, strict=True)
    """Whether it is not paused."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> "WidgetSchedule":
        if (self.cron is None) is (self.interval_s is None):
            raise ValueError("must have either `cron` or `interval_s`")
        return self


def slug_of(widget_id: UUID) -> str:
    """Return the name of the widget's schedule."""
    return f"{_PREFIX}{widget_id}"


def widget_of(slug: str | None, parameters: Mapping[str, Any]) -> UUID | None:
    """Return the widget that a schedule's runs build, by their parameters, or else the one it is named after."""
    text = str(parameters.get("widget_id") or (slug or "").removeprefix(_PREFIX))
    try:
        return UUID(text)
    except ValueError:
        return None
