"""Greetings, thanks and the like: they get a short reply of the site's own, nothing is searched."""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

from tasks.knowledge.answering.phrases import Phrase

MAX_WORDS = 7


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(re.findall(r"[^\W_]+(?:['-][^\W_]+)*", folded))


@cache
def _replies() -> dict[str, Phrase]:
    heard: dict[str, list[str]] = json.loads(Path(__file__).with_name("small_talk.json").read_text("utf-8"))
    return {_plain(said): Phrase(which) for which, all_said in heard.items() for said in all_said}


_FILLERS = re.compile(r"\s(?:you|everyone|there|again|all|so much|please|zusammen|à tous|a todos|everybody)$")


def small_talk(message: str) -> Phrase | None:
    """What to reply with, or nothing: the message asks something."""
    plain = _plain(message)
    if not plain or len(plain.split()) > MAX_WORDS:
        return None
    return _replies().get(plain) or _replies().get(_FILLERS.sub("", plain))
