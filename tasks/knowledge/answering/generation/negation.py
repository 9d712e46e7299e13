"""Negation: whether a sentence denies what it says, by the words of its language."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tasks.knowledge.language.words import primary_subtag

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NO_DENIALS = re.compile(
    r"\bnot only\b|\bno (?:problem|later|more|longer|less|fewer) than\b|\bnicht nur\b|\bnon seulement\b|\bno sólo\b",
    re.IGNORECASE,
)


def is_known(language: str) -> bool:
    """Whether the language's negations are known."""
    words, parts = _load()
    return primary_subtag(language) in words or primary_subtag(language) in parts


def is_negated(text: str, language: str) -> bool:
    """Whether the text has a negation of the language."""
    words, parts = _load()
    subtag = primary_subtag(language)
    plain = _NO_DENIALS.sub(" ", text).replace("’", "'").casefold()
    return _holds(plain, words.get(subtag, frozenset())) or any(part in plain for part in parts.get(subtag, ()))


def negations(*languages: str) -> frozenset[str]:
    """Return the words that deny in these languages (primary subtags)."""
    words, _ = _load()
    return frozenset().union(*(words.get(language, frozenset()) for language in languages))


def _holds(text: str, negations: Iterable[str]) -> bool:
    return not set(negations).isdisjoint(_WORD.findall(text))


@cache
def _load() -> tuple[dict[str, frozenset[str]], dict[str, tuple[str, ...]]]:
    loaded = json.loads(Path(__file__).with_name("negations.json").read_text("utf-8"))
    return (
        {language: frozenset(words) for language, words in loaded["words"].items()},
        {language: tuple(parts) for language, parts in loaded["parts"].items()},
    )
