"""Figures: the numbers of a text, in digits or in words, in forms that can be compared.

"2–4", "between two and four" and "zwei bis vier" have the same figures; so have 1,150 and 1150, 17:00 and 5 pm.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tasks.core.models import Frozen

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_JOINERS = {"and", "y", "e", "og", "och", "és", "et", "i", "si", "și"}
"""Words between tens and units: "treinta y cinco"."""
_AFTERNOON = {"pm", "p.m"}
MIN_RUN = 4
"""Digits from which a number may be grouped differently: telephone numbers, 1 150."""


class Figure(Frozen):
    """A number in a text."""

    places: tuple[int, ...]
    """Its words, as places in the list of words."""
    forms: frozenset[str]
    """Ways of writing it; two figures are equal if they share one."""
    is_word: bool = False
    """Whether it is written in words, which may mean something else."""


def read_figures(words: Sequence[str], languages: Iterable[str]) -> list[Figure]:
    """Return the figures among the words."""
    values = _values(frozenset(languages))
    found: list[Figure] = []
    taken = -1
    for place, word in enumerate(words):
        if place <= taken:
            continue
        if _NUMBER.fullmatch(word):
            after = words[place + 1].casefold() if place + 1 < len(words) else ""
            found.append(Figure(places=(place,), forms=frozenset(_forms(word, is_afternoon=after in _AFTERNOON))))
        elif (value := values.get(word.casefold())) is not None:
            places, value = _compound(words, place, value, values)
            taken = places[-1]
            found.append(Figure(places=places, forms=frozenset({str(value)}), is_word=True))
    return found


def _compound(words: Sequence[str], place: int, value: int, values: dict[str, int]) -> tuple[tuple[int, ...], int]:
    """Add the units that follow a word for tens: "twenty-five"."""
    if value % 10 or not 20 <= value <= 90:
        return (place,), value
    next_place = place + 1
    if next_place < len(words) and words[next_place].casefold() in _JOINERS:
        next_place += 1
    unit = values.get(words[next_place].casefold(), 0) if next_place < len(words) else 0
    if 1 <= unit <= 9:
        return tuple(range(place, next_place + 1)), value + unit
    return (place,), value


def _forms(number: str, *, is_afternoon: bool) -> Iterator[str]:
    if ":" in number or re.fullmatch(r"\d{1,2}\.[0-5]\d", number):
        hour, _, minute = number.replace(".", ":").partition(":")
        yield from _times(int(hour), minute, is_afternoon=is_afternoon)
    grouped = re.fullmatch(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", number)
    plain = re.sub(r"[.,]", "", number) if grouped else number.replace(",", ".")
    yield _trimmed(plain)
    if number.isdigit() and len(number) <= 2:
        yield from _times(int(number), "", is_afternoon=is_afternoon)


def _times(hour: int, minute: str, *, is_afternoon: bool) -> Iterator[str]:
    hours = (
        {hour, hour + 12} if is_afternoon and hour < 12 else {hour, hour - 12} if 12 < hour < 24 and minute else {hour}
    )
    for each in hours:
        yield f"{each}:{minute}" if minute.strip("0") else str(each)


def _trimmed(number: str) -> str:
    whole, point, rest = number.partition(".")
    rest = rest.rstrip("0") if rest.isdigit() else rest
    return (whole.lstrip("0") or "0") + (point + rest if rest else "")


@cache
def _values(languages: frozenset[str]) -> dict[str, int]:
    loaded = json.loads(Path(__file__).with_name("number_words.json").read_text("utf-8"))
    return {word: value for language in sorted(languages) for word, value in loaded.get(language, {}).items()}
