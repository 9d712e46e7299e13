"""Detection of the language that a visitor writes in."""

import re
from functools import cache
from typing import Protocol

from tasks.knowledge.language.words import primary_subtag

SURE_PROBABILITY = 0.7
"""Probability from which a language is accepted …"""
LIKELY_PROBABILITY, MIN_RATIO = 0.4, 5.0
"""… and the one from which it is accepted if the expected language is less probable by this factor."""
MIN_LETTERS = 4
"""Letters below which the language cannot be detected, except in scripts of few letters a word."""
MAX_CHARACTERS = 400
LANGUAGES = (
    *("af", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi"),
    *("fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "lo"),
    *("lt", "lv", "mk", "ml", "mn", "mr", "ms", "my", "ne", "nl", "no", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sk"),
    *("sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "uz", "vi", "zh"),
)
"""The languages of websites and visitors; the identifier's others are mistaken for these in short texts."""


class _Identifier(Protocol):
    """The part of py3langid's interface in use."""

    def set_languages(self, langs: list[str]) -> None: ...
    def rank(self, text: str) -> list[tuple[str, float]]: ...


def detect_language(text: str, expected: str) -> str:
    """Return the primary subtag of the text's language; when unsure, that of `expected`, the site's language."""
    default = primary_subtag(expected)
    letters = re.findall(r"[^\W\d_]", text[:MAX_CHARACTERS])
    if len(letters) < MIN_LETTERS and not any(ord(letter) > 0x2E80 for letter in letters):
        return default
    ranked = [(primary_subtag(language), float(share)) for language, share in _identifier().rank(text[:MAX_CHARACTERS])]
    language, probability = ranked[0]
    is_likely = probability >= LIKELY_PROBABILITY and probability >= MIN_RATIO * dict(ranked).get(default, 0.0)
    return language if probability >= SURE_PROBABILITY or is_likely else default


@cache
def _identifier() -> _Identifier:
    """Load the identifier at first use: it takes the better part of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier: _Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # type: ignore[no-untyped-call]
    identifier.set_languages(list(LANGUAGES))
    return identifier
