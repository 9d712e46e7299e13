"""Crawl traps: calendars, combinations of parameters, session ids and other URLs that a program makes without end.

URLs that may be one are grouped into *families* by their pattern, which a URL alone shows. Of each family a few are
read, and more only while they prove worth it (`tasks.web.crawl.family_budgets`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from tasks.core.month_names import ENGLISH_ABBREVIATIONS, MONTH_NAMES
from tasks.web.crawl.priority import boilerplate_word

MAX_SEGMENTS = 16
"""Path segments of the deepest page that is read."""
MAX_REPEATS = 2
"""Occurrences of one segment in a path; more are a path that repeats itself."""


class FamilyKind(StrEnum):
    """Reason why a family may be endless."""

    query = "query"
    number = "number"
    random = "random"
    date = "date"
    repeated = "repeated"
    boilerplate = "boilerplate"
    list = "list"
    variant = "variant"
    """Another form of a known page (`tasks.web.crawl.variants`)."""
    combined = "combined"
    """A path that combines parts of known ones, in any order."""


_NUMBER = re.compile(r"\d+")
_RANDOM = re.compile(
    r"(?=.*\d)(?=.*[a-z])(?!([a-z]+|\d+)([-_]([a-z]+|\d+))*$)[0-9a-z_-]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=(?:[a-z]*\d){3})(?=.*[a-z])[0-9a-z]{6,15}",
    re.IGNORECASE,
)
"""An id, long or short: letters and digits mixed as in no word."""
_NUMBERED = re.compile(r".*[^\W\d][-_.]?\d+(\.[a-z]\w{1,4})?", re.IGNORECASE)
"""A segment that ends in a number, as one of a series does."""
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
    """Its pattern, as shown to people."""
    parent: str = ""
    """Name of the wider family whose budget it shares."""
    skeleton: str | None = None
    """The URL without its varying part: the first URL with a new skeleton costs no budget."""


def grows_endlessly(url: str) -> bool:
    """Whether the path repeats itself or is deeper than that of any real page."""
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    return len(segments) > MAX_SEGMENTS or any(segments.count(segment) > MAX_REPEATS for segment in set(segments))


def family_of(url: str) -> Family | None:
    """Return the family of a URL; most have none."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    pairs = parse_qsl(parts.query, keep_blank_values=True) if parts.query else []
    names = "&".join(f"{name}=…" for name in sorted({name for name, _ in pairs}))
    # Dates come first: a calendar's `?month=…` and `/2026/11` are one family, whatever else they look like.
    if _is_date_path(segments) or any(_is_date_parameter(name, value) for name, value in pairs):
        return Family(FamilyKind.date, _WHEN.sub("…", parts.path) + (names and f"?{names}"))
    word = boilerplate_word(url)
    if pairs:
        path = parts.path.rstrip("/")
        return Family(FamilyKind.query, f"{path}?…", parent=f"…{word}…" if word else f"?{names}", skeleton=path)
    # Each boilerplate word is one family for the whole site: `/login` may stand below every page.
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
    """Return the family of a URL whose last segment ends in a number; alone it proves nothing, many make a series."""
    path = urlsplit(url).path.rstrip("/")
    return Family(FamilyKind.number, _NUMBER.sub("…", path)) if _NUMBERED.fullmatch(path.rpartition("/")[2]) else None


def _is_date_path(segments: list[str]) -> bool:
    """Whether the path ends in a date: `/2026/11/24`, `/agenda/2026/november`, but not `/2026/11/a-story`."""
    if not segments:
        return False
    pair = segments[-2:]
    if any(_YEAR.fullmatch(segment) for segment in pair) and any(_MONTH.fullmatch(segment) for segment in pair):
        return True
    if _DATE.fullmatch(segments[-1]) and not _YEAR.fullmatch(segments[-1]) and not segments[-1].isdigit():
        return True
    # `/2026/11/24`: two or more numbers at the end with a year among them; `/item/2026` alone is no date.
    numbers = 0
    while numbers < len(segments) and _NUMBER.fullmatch(segments[-1 - numbers]):
        numbers += 1
    return numbers > 1 and any(_YEAR.fullmatch(segment) for segment in segments[-numbers:])


def _is_date_parameter(name: str, value: str) -> bool:
    if name.lower() in _DATE_NAMES:
        return _NUMBER.match(value) is not None
    return _DATE.fullmatch(value) is not None and not value.isdigit()
