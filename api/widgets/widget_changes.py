"""An owner's changes to a widget: its adjustments and its rules in one body."""

from typing import Any

from pydantic import BaseModel

from api.builds.prefect_schedules import check_schedule
from api.http.bodies import validate_body
from tasks.core.adjustments import Adjustments
from tasks.core.requests import check_bounds, make_request
from tasks.core.rules import WITHOUT_DEFAULT, WidgetRules
from tasks.core.schedules import WidgetSchedule
from tasks.core.settings import Settings


class WidgetChanges(Adjustments, WidgetRules):
    """Changes to a widget; null restores the default."""

    schedule: WidgetSchedule | None = None
    """When its site is read again; null: with all widgets, at night."""

    def chosen(self, part: type[BaseModel]) -> dict[str, Any]:
        """Return the values sent of a part, as they are stored; None removes one."""
        return self.model_dump(mode="json", include=self.model_fields_set & set(part.model_fields))


def read_changes(settings: Settings, sent: dict[str, Any]) -> WidgetChanges:
    """Return the validated changes.

    Raises:
        InvalidRequest: a value is invalid, or out of the settings' bounds; names its field.
    """
    changes = validate_body(WidgetChanges, sent)
    check_bounds(settings, changes)
    if changes.schedule is not None:
        check_schedule(changes.schedule, settings.recrawl_interval_s)
    return changes


def describe_rules(settings: Settings, url: str, rules: WidgetRules) -> dict[str, Any]:
    """Return the rules as the next build obeys them: the owner's within the settings, which are the defaults."""
    request = make_request(settings, url, rules)
    reading = {
        name: getattr(settings, name) if value is None else value
        for name, value in request.model_dump(mode="json", exclude={"url", *WITHOUT_DEFAULT}).items()
    }
    further = {name: list(getattr(request, name) or ()) for name in sorted(WITHOUT_DEFAULT)}
    return reading | further | {"instructions": rules.instructions}
