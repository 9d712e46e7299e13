"""The site of a widget, as the answerer needs it."""

from uuid import UUID

from tasks.knowledge.answering.reply import AnsweringSite
from tasks.records.widgets import WidgetRecord, rules_of


def answering_site(widget: WidgetRecord, build_id: UUID | None = None) -> AnsweringSite:
    """Return the widget's site; `build_id`: another build than the active one answers."""
    language, not_found = (widget.theme or {}).get("language"), widget.settings.get("not_found_text")
    return AnsweringSite(
        widget_id=widget.id,
        name=widget.name,
        url=widget.site_url,
        language=language if isinstance(language, str) and language else "en",
        not_found=not_found if isinstance(not_found, str) else "",
        instructions=rules_of(widget.rules).instructions or "",
        build_id=build_id,
    )
