"""What kind of thing a question asks for (a price, how long, when, where, who …), and texts that are of that kind.

A line of a table such as "Battery | 2 × AAA, 18 months" answers "How long does the battery last?" without one word of
`last`: its label has what the question is about, its value is what was asked for.
"""

import json
import re
from collections.abc import Collection
from functools import cache, lru_cache
from pathlib import Path

from tasks.core.models import Frozen


class Sought(Frozen):
    """A kind of thing that is asked for, in all languages together; words in small letters."""

    name: str
    asks: tuple[str, ...]
    """Patterns of questions for it."""
    labels: frozenset[str]
    """What it is called where it is given: "price", "Gewicht"."""
    implied: frozenset[str]
    """Words of such questions that need not be in the answer: "last", "kostet"."""
    value: str
    """Pattern of what it looks like."""
    may_be_bare: bool = False
    """Whether it is known for what it is without a label …"""
    may_be_within: bool = False
    """… and also within a sentence."""

    @property
    def is_measured(self) -> bool:
        """Whether it is a number, an amount or a time; else a name."""
        return not self.value.startswith(_CAPITAL)


_CAPITAL = "[^"
"""Begins the pattern of a name: a letter that is no small one."""


@cache
def _all_kinds() -> tuple[Sought, ...]:
    listed = json.loads(Path(__file__).with_name("answer_types.json").read_text("utf-8"))
    return tuple(Sought.model_validate(kind) for kind in listed)


@lru_cache(maxsize=1_000)
def find_sought(question: str) -> tuple[Sought, ...]:
    """What the question may ask for; nothing in most cases."""
    text = question.strip().casefold()
    return tuple(kind for kind in _all_kinds() if re.search("|".join(kind.asks), text))


def is_value(kinds: Collection[Sought], text: str) -> bool:
    """Whether the text has something of such a kind."""
    return any(_pattern(kind.value).search(text) for kind in kinds)


def words_beside(kind: Sought, text: str) -> int | None:
    """How many words the text has beside the first thing of that kind; none if it has no such thing."""
    found = _pattern(kind.value).search(text)
    return None if found is None else len(f"{text[: found.start()]} {text[found.end() :]}".split())


@cache
def _pattern(value: str) -> re.Pattern[str]:
    # Names are told by their capitals; all else may be written with or without.
    return re.compile(value if value.startswith(_CAPITAL) else f"(?i:{value})")
