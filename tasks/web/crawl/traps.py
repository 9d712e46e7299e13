"""Spaces without end: calendars, combinations of parameters, ids of sessions, paths that only grow deeper.

URLs that somebody's program may make without end are grouped into *families*, by what can be seen of a URL alone.
Of each family a few are read; more of it only as those turn out to be worth it (`tasks.web.crawl.families`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from tasks.core.month_names import ENGLISH_ABBREVIATIONS, MONTH_NAMES
from tasks.web.crawl.priority import boilerplate_word

MAX_SEGMENTS = 16
MAX_REPEATS = 2
"""Times that a path may have the same segment."""


class FamilyKind(StrEnum):
    """Why a family may be endless."""

    query = "query"
    number = "number"
    random = "random"
    date = "date"
    repeated = "repeated"
    boilerplate = "boilerplate"
    list = "list"
    variant = "variant"
    """Beside a page that is known (`tasks.web.crawl.variants`)."""
    combined = "combined"
    """The same, of a path that may be put together in any order."""


_NUMBER = re.compile(r"\d+")
_RANDOM = re.compile(
    r"(?=.*\d)(?=.*[a-z])(?!([a-z]+|\d+)([-_]([a-z]+|\d+))*$)[0-9a-z_-]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=(?:[a-z]*\d){3})(?=.*[a-z])[0-9a-z]{6,15}",
    re.IGNORECASE,
)
"""An id, long or short: letters and digits mixed, as they are not in words."""
_NUMBERED = re.compile(r".*[^\W\d][-_.]?\d+(\.[a-z]\w{1,4})?", re.IGNORECASE)
"""A segment that ends in a number, as many pages of one program do."""
_LIST = re.compile(r"[\w.-]+([+,~|][\w.-]+)+")
_MONTHS = "|".join((*MONTH_NAMES, *ENGLISH_ABBREVIATIONS, "sept"))
_YEAR = re.compile(r"(19|20|21)\d\d")
_DATE = re.compile(
    r"(19|20|21)\d\d[-_.]?[01]?\d([-_.]?[0-3]?\d)?(T.*)?|(19|20|21)\d\d-?w\d\d?"
    rf"|([0-3]?\d[-_.])?({_MONTHS})[-_.]?(19|20|21)\d\d|(19|20|21)\d\d[-_.]?({_MONTHS})([-_.][0-3]?\d)?",
    re.IGNORECASE,
)
_MONTH = re.compile(_MONTHS, re.IGNORECASE)
_WHEN = re.compile(rf"\d+|(?<![^\W\d])({_MONTHS})(?![^\W\d])", re.IGNORECASE)
_DATE_NAMES = frozenset(
    ("date", "day", "month", "year", "week", "datum", "tag", "monat", "jahr", "woche", "mois", "annee")
)


@dataclass(frozen=True)
class Family:
    """URLs of one pattern."""

    kind: FamilyKind
    name: str
    """The pattern, as people see it."""
    parent: str = ""
    """A pattern that it is part of, and shares the room of."""
    skeleton: str | None = None
    """What is left of the URL without the part that varies: the first with a new one is not of the family."""


def grows_endlessly(url: str) -> bool:
    """Whether the path repeats itself, or is deeper than any site is."""
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    return len(segments) > MAX_SEGMENTS or any(segments.count(segment) > MAX_REPEATS for segment in set(segments))


def family_of(url: str) -> Family | None:
    """The family of a URL; none for most."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    pairs = parse_qsl(parts.query, keep_blank_values=True) if parts.query else []
    names = "&".join(f"{name}=…" for name in sorted({name for name, _ in pairs}))
    if _is_date_path(segments) or any(_is_date_parameter(name, value) for name, value in pairs):
        return Family(FamilyKind.date, _WHEN.sub("…", parts.path) + (names and f"?{names}"))
    word = boilerplate_word(url)
    if pairs:
        path = parts.path.rstrip("/")
        return Family(FamilyKind.query, f"{path}?…", parent=f"…{word}…" if word else f"?{names}", skeleton=path)
    if word:
        return Family(FamilyKind.boilerplate, f"…{word}…")
    if any(one == other for one, other in pairwise(segments)):
        return Family(FamilyKind.repeated, "paths that repeat themselves")
    for index, segment in enumerate(segments):
        if _RANDOM.fullmatch(segment):
            skeleton = "/".join([*segments[:index], "…", *segments[index + 1 :]])
            return Family(FamilyKind.random, f"random part {index + 1} of the path", skeleton=skeleton)
    if segments and _LIST.fullmatch(segments[-1]):
        return Family(FamilyKind.list, f"{parts.path.rpartition('/')[0]}/…+…")
    if segments and _NUMBER.fullmatch(segments[-1]):
        return Family(FamilyKind.number, _NUMBER.sub("…", parts.path))
    return None


def numbered_family(url: str) -> Family | None:
    """The family of a URL whose last part ends in a number: it is one if there are many."""
    path = urlsplit(url).path.rstrip("/")
    return Family(FamilyKind.number, _NUMBER.sub("…", path)) if _NUMBERED.fullmatch(path.rpartition("/")[2]) else None


def _is_date_path(segments: list[str]) -> bool:
    """`/2026/11/24`, `/calendar/2026-11` and `/agenda/2026/november`, but not `/2026/11/a-story`."""
    if not segments:
        return False
    pair = segments[-2:]
    if any(_YEAR.fullmatch(segment) for segment in pair) and any(_MONTH.fullmatch(segment) for segment in pair):
        return True
    if _DATE.fullmatch(segments[-1]) and not _YEAR.fullmatch(segments[-1]) and not segments[-1].isdigit():
        return True
    numbers = 0
    while numbers < len(segments) and _NUMBER.fullmatch(segments[-1 - numbers]):
        numbers += 1
    return numbers > 1 and any(_YEAR.fullmatch(segment) for segment in segments[-numbers:])


def _is_date_parameter(name: str, value: str) -> bool:
    if name.lower() in _DATE_NAMES:
        return _NUMBER.match(value) is not None
    return _DATE.fullmatch(value) is not None and not value.isdigit()
