"""Answer types: the kind of value a question asks for (price, duration, date, place, person …).

A table row such as "Battery | 2 × AAA, 18 months" answers "How long does the battery last?" without the word `last`:
its label names the topic, its value is of the answer type.
"""

import json
import re
from collections.abc import Collection
from functools import cache, lru_cache
from pathlib import Path

from tasks.core.models import Frozen


class AnswerType(Frozen):
    """An answer type, in all languages together; words in lower case."""

    name: str
    question_patterns: tuple[str, ...]
    """Patterns of questions for this type."""
    labels: frozenset[str]
    """Names of the value in labels: "price", "Gewicht"."""
    implied: frozenset[str]
    """Words of such questions that the answer need not repeat: "last", "kostet"."""
    value_pattern: str
    """Pattern of a value."""
    allows_unlabelled: bool = False
    """Whether a value is recognizable without a label …"""
    allows_in_sentence: bool = False
    """… and also within a sentence."""

    @property
    def is_quantity(self) -> bool:
        """Whether values are numbers, amounts or times; otherwise they are names."""
        return not self.value_pattern.startswith(_CAPITAL)


_CAPITAL = "[^"
"""Start of a name's pattern: a negated class, any letter but a lower-case one."""


@cache
def load_answer_types() -> tuple[AnswerType, ...]:
    """Return all answer types; the file is read once a process."""
    listed = json.loads(Path(__file__).with_name("answer_types.json").read_text("utf-8"))
    return tuple(AnswerType.model_validate(entry) for entry in listed)


@lru_cache(maxsize=1_000)
def find_answer_types(question: str) -> tuple[AnswerType, ...]:
    """Return the types that the question may ask for; none for most questions."""
    text = question.strip().casefold()
    return tuple(each for each in load_answer_types() if re.search("|".join(each.question_patterns), text))


def has_value(answer_types: Collection[AnswerType], text: str) -> bool:
    """Whether the text has a value of one of the types."""
    return any(_pattern(each.value_pattern).search(text) for each in answer_types)


def count_other_words(answer_type: AnswerType, text: str) -> int | None:
    """Return the number of words beside the first value of the type; none without such a value."""
    found = _pattern(answer_type.value_pattern).search(text)
    return None if found is None else len(f"{text[: found.start()]} {text[found.end() :]}".split())


@cache
def _pattern(value: str) -> re.Pattern[str]:
    # Names are recognized by their capitals; other values match in any case.
    return re.compile(value if value.startswith(_CAPITAL) else f"(?i:{value})")
