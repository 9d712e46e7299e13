"""The theme as the widget's script gets it: complete whatever is stored, and free of what only the owner needs."""

from typing import Any

from pydantic import ValidationError

from tasks.core.models import Theme
from tasks.core.palette import with_tokens
from tasks.knowledge.builds import WidgetRecord

NOT_SHOWN = {"sources", "swatches", "tone", "confidence"}
NEUTRAL_FONT = "system-ui, sans-serif"


def public_theme(widget: WidgetRecord) -> dict[str, Any]:
    """The widget's theme with all its CSS variables; the neutral one while there is none.

    `scheme` is `light`, `dark`, or `auto` where the site itself follows its visitors' preference.
    """
    theme = _theme_of(widget)
    if not theme.tokens:
        theme = with_tokens(theme)
    shown = theme.model_dump(mode="json", exclude=NOT_SHOWN)
    return shown | {"scheme": "auto" if theme.other_background else theme.scheme}


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
