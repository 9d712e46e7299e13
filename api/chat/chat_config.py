"""The chat's part of a widget's public configuration."""

from typing import Any

from api.app_state import AppState
from api.widgets.appearance import adjustments_of
from tasks.knowledge.answering.answering_site import answering_site
from tasks.knowledge.answering.phrases import Phrase, languages, phrase
from tasks.knowledge.answering.suggestions.suggested_questions import read_suggestions
from tasks.knowledge.language.words import primary_subtag
from tasks.records.widgets import WidgetRecord


async def describe_chat(state: AppState, widget: WidgetRecord) -> dict[str, Any]:
    """Return greeting, suggested questions (none before the widget has knowledge), and the language of both."""
    site = answering_site(widget)
    chosen = adjustments_of(widget).locale
    language = primary_subtag(chosen or site.language)
    default = phrase(Phrase.greeting, language if language in languages() else "en", site.name)
    # The theme's greeting is in the site's own tone, and language.
    found = (widget.theme or {}).get("greeting") if language == primary_subtag(site.language) else None
    return {
        "locale": chosen or site.language,
        "greeting": found or default,
        "suggested_questions": await read_suggestions(state.pool, state.answerer, site),
    }
