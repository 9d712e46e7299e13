"""Headings and labels of facts, in the widget's languages."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("fact_phrases.json")
_DEFAULT = "en"


@dataclass(frozen=True)
class FactPhrases:
    """The phrases of one language."""

    contact: str
    phone: str
    fax: str
    email: str
    address: str
    profiles: str
    hours: str
    open: str
    closed: str
    holidays: str
    company: str
    legal_name: str
    registration: str
    payment: str
    shipping: str
    offer: str
    event: str
    notice: str
    days: tuple[str, ...]
    """Names of the days, Monday first."""


@cache
def _all() -> dict[str, FactPhrases]:
    words = json.loads(_FILE.read_text())
    return {language: FactPhrases(**listed | {"days": tuple(listed["days"])}) for language, listed in words.items()}


def all_fact_phrases() -> tuple[FactPhrases, ...]:
    """Return the phrases of all languages."""
    return tuple(_all().values())


def fact_phrases(language: str) -> FactPhrases:
    """Return the phrases of the language; English ones for a language without."""
    known = _all()
    return known.get(language.replace("_", "-").partition("-")[0].lower(), known[_DEFAULT])
