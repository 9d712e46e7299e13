"""The language a visitor writes in."""

import re
from functools import cache
from typing import Protocol

from tasks.knowledge.answering.phrases import base, languages

SURE = 0.7
"""A language this probable is believed …"""
LIKELY, TIMES = 0.4, 5.0
"""… and one this probable when the expected language is so many times less probable."""
LEAST_LETTERS = 4
MOST_CHARACTERS = 400


class _Identifier(Protocol):
    """What we use of py3langid."""

    def set_languages(self, langs: list[str]) -> None: ...
    def rank(self, text: str) -> list[tuple[str, float]]: ...


def detect_language(text: str, expected: str) -> str:
    """The primary subtag of the text's language; `expected` (the site's, or the conversation's) when unsure."""
    default = base(expected)
    letters = re.findall(r"[^\W\d_]", text[:MOST_CHARACTERS])
    if len(letters) < LEAST_LETTERS and not any(ord(letter) > 0x2E80 for letter in letters):
        return default
    ranked = [(base(language), float(chance)) for language, chance in _identifier().rank(text[:MOST_CHARACTERS])]
    language, chance = ranked[0]
    if chance >= SURE or (chance >= LIKELY and chance >= TIMES * dict(ranked).get(default, 0.0)):
        return language
    return default


@cache
def _identifier() -> _Identifier:
    """Loaded at first use: it takes the better part of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier: _Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # type: ignore[no-untyped-call]
    identifier.set_languages(list(languages()))
    return identifier
