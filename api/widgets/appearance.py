"""A widget's theme as its script receives it: always complete, with the owner's settings applied."""

from typing import Any

from pydantic import ValidationError

from tasks.core.adjustments import Adjustments
from tasks.core.theme_model import Theme
from tasks.records.widgets import WidgetRecord

NOT_SHOWN = {"sources", "swatches", "tone", "confidence"}
"""Theme fields for the owner only."""
NEUTRAL_FONT = "system-ui, sans-serif"


def adjustments_of(widget: WidgetRecord) -> Adjustments:
    """Return the owner's settings; none if the stored ones are invalid."""
    try:
        return Adjustments.model_validate(widget.settings)
    except ValidationError:
        return Adjustments()


def public_theme(widget: WidgetRecord, primary: str | None = None) -> dict[str, Any]:
    """Return the widget's theme with all its CSS variables; a neutral theme while it has none.

    `primary`: another brand colour than the widget's, as a page or an owner tries it.
    `scheme` is `light`, `dark`, or `auto` where the site itself follows its visitors' preference.
    """
    chosen = adjustments_of(widget)
    if primary is not None:
        chosen = chosen.model_copy(update={"primary": primary})
    theme = chosen.apply_to(_theme_of(widget))
    shown = theme.model_dump(mode="json", exclude=NOT_SHOWN)
    return shown | {"scheme": chosen.scheme or ("auto" if theme.other_background else theme.scheme)}


def _theme_of(widget: WidgetRecord) -> Theme:
    if widget.theme is not None:
        try:
            return Theme.model_validate(widget.theme)
        except ValidationError:
            # Written by an earlier version or by hand. A widget in neutral colours beats one that fails.
            pass
    return Theme(
        name=widget.name,
        primary="#1f2937",
        on_primary="#ffffff",
        background="#ffffff",
        text="#1f2937",
        heading_font=NEUTRAL_FONT,
        body_font=NEUTRAL_FONT,
        confidence=0,
    )
