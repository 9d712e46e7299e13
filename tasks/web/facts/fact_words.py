"""Words of opening hours in the widget's languages: days, "closed", "by appointment", titles of the hours."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
"""Days as schema.org and OpenStreetMap abbreviate them; a day is its index here."""
HOLIDAY = 7
_FILE = Path(__file__).with_name("fact_words.json")
_ENGLISH = "en"
_WORD = re.compile(r"[^\W\d_]{3,}")
_SPACELESS = ("zh", "ja", "ko")
_SPACELESS_LETTER = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class HourWords:
    """The words of some languages together."""

    days: dict[str, frozenset[int]]
    """Days by word, abbreviations too."""
    full_days: frozenset[str]
    closed: frozenset[str]
    to: frozenset[str]
    joining: frozenset[str]
    """Words for "and" …"""
    around: frozenset[str]
    """… and others that may stand beside days and times without changing their meaning."""
    phrases: re.Pattern[str]
    """Phrases for several days: "every day"; the group's name is the meaning."""
    appointment: re.Pattern[str]
    hours: re.Pattern[str]
    """Titles of opening hours."""
    any_day: re.Pattern[str]
    """Any of the days, phrases and words for "closed"."""


@cache
def _all() -> dict[str, dict[str, list[Any]]]:
    words: dict[str, dict[str, list[Any]]] = json.loads(_FILE.read_text())
    return words


@cache
def _markers() -> dict[str, tuple[str, ...]]:
    """Words by which a text with opening hours shows its language, whatever `lang` says."""
    return {
        language: tuple(word for word in (*(day[0] for day in words["days"]), *words["closed"]) if " " not in word)
        for language, words in _all().items()
    }


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    listed = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True) if phrase)
    if not listed:
        return re.compile(r"(?!)")
    if not listed.isascii() and listed[0] >= "\u3000":
        return re.compile(listed)
    # By first letters, and the look behind after them: a search that begins with one is slow.
    by_first: dict[str, list[str]] = {}
    for phrase in sorted(filter(None, phrases), key=len, reverse=True):
        by_first.setdefault(phrase[0], []).append(re.escape(phrase[1:]))
    words = (rf"{re.escape(first)}(?<![^\W_].)(?:{'|'.join(rests)})" for first, rests in by_first.items())
    return re.compile(rf"(?:{'|'.join(words)})(?![^\W_])")


def find_languages(text: str, declared: str) -> tuple[str, ...]:
    """Return the languages whose words of opening hours the lower-case text has; English always."""
    # Each different word once: text repeats most.
    spoken = set(_WORD.findall(" ".join(set(text.split()))))
    is_spaced = text.isascii() or not _SPACELESS_LETTER.search(text)
    found = [
        language
        for language, words in _markers().items()
        if (
            not is_spaced and any(word in text for word in words)
            if language in _SPACELESS
            else not spoken.isdisjoint(words)
        )
    ]
    return tuple(dict.fromkeys([_ENGLISH, *([declared] if declared in _all() else []), *found]))


@cache
def hour_words(languages: tuple[str, ...]) -> HourWords:
    """Return the words of the languages; of a word with two meanings, the last language's."""
    chosen = [_all()[language] for language in languages]
    days: dict[str, frozenset[int]] = {}
    for words in chosen:
        for index, names in enumerate(words["days"]):
            for at, name in enumerate(names):
                if at and len(name) == 1 and name.isascii():
                    continue
                days[name] = frozenset((index,))
        days.update({word: frozenset(range(5)) for word in words["weekdays"]})
        days.update({word: frozenset((5, 6)) for word in words["weekend"]})
        days.update({word: frozenset((HOLIDAY,)) for word in words["holidays"]})
    for words in chosen:
        days.update({names[0]: frozenset((index,)) for index, names in enumerate(words["days"])})
    daily = [phrase for words in chosen for phrase in words["daily"]]
    several = [name for name in days if " " in name]
    return HourWords(
        days=days,
        full_days=frozenset(names[0] for words in chosen for names in words["days"]),
        closed=frozenset(word for words in chosen for word in words["closed"]),
        to=frozenset(word for words in chosen for word in words["to"]),
        joining=frozenset(word for words in chosen for word in words["and"]),
        around=frozenset(word for words in chosen for phrase in words["around"] for word in phrase.split()),
        phrases=re.compile(f"(?P<daily>{_pattern(daily).pattern})|(?P<several>{_pattern(several).pattern})"),
        appointment=_pattern([phrase for words in chosen for phrase in words["appointment"]]),
        hours=_pattern([phrase for words in chosen for phrase in words["hours"]]),
        any_day=_pattern([*days, *daily, *(word for words in chosen for word in words["closed"])]),
    )
