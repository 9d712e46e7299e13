"""A widget as its script gets it: complete whatever is stored, the owner's choices applied."""

from typing import Any

from pydantic import ValidationError

from tasks.core.adjustments import Adjustments
from tasks.core.models import Theme
from tasks.records.widgets import WidgetRecord

NOT_SHOWN = {"sources", "swatches", "tone", "confidence"}
"""What only the owner needs."""
NEUTRAL_FONT = "system-ui, sans-serif"


def adjustments_of(widget: WidgetRecord) -> Adjustments:
    """What the owner has chosen; nothing if what is stored makes no sense."""
    try:
        return Adjustments.model_validate(widget.settings)
    except ValidationError:
        return Adjustments()


def public_theme(widget: WidgetRecord) -> dict[str, Any]:
    """The widget's theme with all its CSS variables; the neutral one while there is none.

    `scheme` is `light`, `dark`, or `auto` where the site itself follows its visitors' preference.
    """
    chosen = adjustments_of(widget)
    theme = chosen.apply_to(_theme_of(widget))
    shown = theme.model_dump(mode="json", exclude=NOT_SHOWN)
    return shown | {"scheme": chosen.scheme or ("auto" if theme.other_background else theme.scheme)}


def _theme_of(widget: WidgetRecord) -> Theme:
    if widget.theme is not None:
        try:
            return Theme.model_validate(widget.theme)
        except ValidationError:
            # Stored by an earlier version, or by hand: the widget goes on, plainly.
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
