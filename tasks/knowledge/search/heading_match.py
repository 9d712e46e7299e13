"""Heading match: whether a heading above a passage, or in it, asks or says the same as the question.

Here function words count too: of two headings with the question's content words, the one worded like it is meant.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import stems

CONTENT_CREDIT = 0.9
"""Likeness of a heading with the same content words, but other function words."""

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def heading_match(question: str, language: str, headings: Iterable[str], text: str) -> float:
    """Return the likeness of the question and the heading most like it, 0 … 1, by Dice's coefficient."""
    asked = _read(question, language)
    found = dict.fromkeys([*headings, *(_HEADING.findall(text) if "#" in text else ())])
    return max((_likeness(asked, _read(heading, language)) for heading in found), default=0.0)


_Stems = tuple[frozenset[str], frozenset[str]]


@lru_cache(maxsize=20_000)
def _read(text: str, language: str) -> _Stems:
    """Return all stems, and those of the content words."""
    everything = frozenset(stems(text, language))
    return everything, everything - _function_stems(language)


@lru_cache(maxsize=100)
def _function_stems(language: str) -> frozenset[str]:
    known = function_words(language).all
    return frozenset(stem for word in known for stem in stems(word, language))


def _likeness(asked: _Stems, heading: _Stems) -> float:
    return max(_dice(asked[0], heading[0]), CONTENT_CREDIT * _dice(asked[1], heading[1]))


def _dice(first: frozenset[str], second: frozenset[str]) -> float:
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0
