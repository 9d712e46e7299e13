"""Small talk: greetings, thanks and the like get a fixed phrase, without a search."""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

from tasks.knowledge.answering.phrases import Phrase

MAX_WORDS = 7
"""Words of small talk at most; a longer message is a question."""


def _normalize(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(re.findall(r"[^\W_]+(?:['-][^\W_]+)*", folded))


@cache
def _known_messages() -> dict[str, Phrase]:
    messages: dict[str, list[str]] = json.loads(Path(__file__).with_name("small_talk.json").read_text("utf-8"))
    return {_normalize(text): Phrase(name) for name, texts in messages.items() for text in texts}


_FILLERS = re.compile(r"\s(?:you|everyone|there|again|all|so much|please|zusammen|à tous|a todos|everybody)$")


def match_small_talk(message: str) -> Phrase | None:
    """Return the phrase to reply with; none if the message is not small talk."""
    plain = _normalize(message)
    if not plain or len(plain.split()) > MAX_WORDS:
        return None
    return _known_messages().get(plain) or _known_messages().get(_FILLERS.sub("", plain))
