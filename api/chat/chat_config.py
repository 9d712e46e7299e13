"""What the widget's script has to know of the chat before the first message."""

from typing import Any

from api.app_state import AppState
from tasks.knowledge.answering.phrases import Phrase, base, languages, phrase
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.answering.suggestions.suggested_questions import read_suggestions
from tasks.records.widgets import WidgetRecord


async def describe_chat(service: AppState, widget: WidgetRecord) -> dict[str, Any]:
    """Greeting, suggested questions (none before there is knowledge), and the language of both."""
    site = site_of(widget)
    spoken = base(site.language)
    plain = phrase(Phrase.greeting, spoken if spoken in languages() else "en", site.name)
    return {
        "locale": site.language,
        # In the site's own tone, where it has been heard.
        "greeting": (widget.theme or {}).get("greeting") or plain,
        "suggested_questions": await read_suggestions(service.pool, service.answerer, site),
    }


def site_of(widget: WidgetRecord) -> AnsweringSite:
    """The widget's site, as answers name it."""
    language = (widget.theme or {}).get("language")
    return AnsweringSite(
        widget_id=widget.id,
        name=widget.name,
        url=widget.site_url,
        language=language if isinstance(language, str) and language else "en",
    )
