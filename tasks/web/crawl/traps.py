"""Spaces without end: calendars, combinations of parameters, ids of sessions, paths that only grow deeper.

URLs that somebody's program may make without end are grouped into *families*. Of each family a few are
read; more of it only as those turn out to be worth it, so that a shop's 800 `?id=…` are read and a
calendar's 800 months are not. What a page is worth is known when it has been read; how much of a family
is read in the end does not depend on when that is.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from tasks.core.models import Fingerprint
from tasks.web.crawl.priority import boilerplate_word

MAX_SEGMENTS = 16
MAX_REPEATS = 2
"""Times that a path may have the same segment."""
NOVEL_SHARE = 0.33
"""A page of a family that is mistrusted must bring at least this part of its text anew …"""
NOVEL_WORDS = 20
"""… and in dates this many words: a month without events is none."""
MAX_UNITS = 20_000
"""Sentences remembered of one family."""


class Kind(StrEnum):
    """Why a family may be endless."""

    query = "query"
    number = "number"
    random = "random"
    date = "date"
    repeated = "repeated"
    boilerplate = "boilerplate"


_FIRST = {Kind.number: 10, Kind.date: 3, Kind.repeated: 1}
"""How many of a family are read in any case; of others 4."""
_MISTRUSTED = (Kind.date, Kind.boilerplate)
_MORE = 2
"""How many more for each that was worth it."""
_NUMBER = re.compile(r"\d+")
_RANDOM = re.compile(r"(?=.*\d)(?=.*[a-z])[0-9a-z_-]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_YEAR = re.compile(r"(19|20|21)\d\d")
_DATE = re.compile(r"(19|20|21)\d\d[-_.]?[01]?\d([-_.]?[0-3]?\d)?(T.*)?")
_DATE_NAMES = frozenset(
    ("date", "day", "month", "year", "week", "datum", "tag", "monat", "jahr", "woche", "mois", "annee")
)


@dataclass(frozen=True)
class Family:
    """URLs of one pattern."""

    kind: Kind
    name: str
    """The pattern, as people see it."""
    wider: str = ""
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
        return Family(Kind.date, _NUMBER.sub("…", parts.path) + (names and f"?{names}"))
    word = boilerplate_word(url)
    if pairs:
        path = parts.path.rstrip("/")
        return Family(Kind.query, f"{path}?…", wider=f"…{word}…" if word else f"?{names}", skeleton=path)
    if word:
        return Family(Kind.boilerplate, f"…{word}…")
    if any(one == other for one, other in pairwise(segments)):
        return Family(Kind.repeated, "paths that repeat themselves")
    for index, segment in enumerate(segments):
        if _RANDOM.fullmatch(segment):
            skeleton = "/".join([*segments[:index], "…", *segments[index + 1 :]])
            return Family(Kind.random, f"random part {index + 1} of the path", skeleton=skeleton)
    if segments and _NUMBER.fullmatch(segments[-1]):
        return Family(Kind.number, _NUMBER.sub("…", parts.path))
    return None


def _is_date_path(segments: list[str]) -> bool:
    """`/2026/11/24` and `/calendar/2026-11`, but not `/2026/11/a-story`."""
    if not segments:
        return False
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


@dataclass
class _Share:
    """How much of a family is read."""

    kind: Kind
    admitted: int = 0
    worth_it: int = 0
    units: set[int] = field(default_factory=set)
    """Sentences read so far, of a family that is mistrusted."""

    @property
    def has_room(self) -> bool:
        return self.admitted < _FIRST.get(self.kind, 4) + _MORE * self.worth_it

    def finds_worth(self, page: Fingerprint, mistrusted: bool) -> bool:
        """Whether a page of the family brings something new."""
        if not mistrusted:
            return True
        pairs = zip(page.units.tolist(), page.words.tolist(), strict=True)
        novel = sum(words for unit, words in pairs if unit not in self.units)
        if len(self.units) < MAX_UNITS:
            self.units.update(page.units.tolist())
        return novel >= NOVEL_SHARE * page.word_count and (self.kind is not Kind.date or novel >= NOVEL_WORDS)


class Families:
    """The families of one site, and how much of each may be read."""

    def __init__(self) -> None:
        self._shares: dict[str, _Share] = {}
        self._skeletons: set[str] = set()
        self._parameters: dict[str, set[str]] = {}
        """Names of parameters found, by path."""

    def find(self, family: Family) -> None:
        """Take in that the family has a URL, read or not: parameters of several names on one path are combined."""
        if family.kind is Kind.query:
            self._parameters.setdefault(family.name, set()).add(family.wider)

    def has_room(self, family: Family) -> bool:
        """Whether a further URL of the family may be read now."""
        return all(self._share(family, name).has_room for name in _names(family))

    def let_in(self, family: Family) -> bool:
        """The same; if so, it is counted."""
        if not self.has_room(family):
            return False
        for name in _names(family):
            self._share(family, name).admitted += 1
        return True

    def is_first(self, family: Family) -> bool:
        """Whether nothing with the family's skeleton was read before; from now on, something was."""
        if family.skeleton is None or family.skeleton in self._skeletons:
            return False
        self._skeletons.add(family.skeleton)
        return True

    def note(self, url: str) -> None:
        """Take in a URL that is read and of no family: those that differ from it in a parameter alone are not first."""
        self._skeletons.add(urlsplit(url).path.rstrip("/"))

    def learn(self, family: Family, page: Fingerprint | None) -> None:
        """Take in how a page of the family turned out; none: it brought nothing."""
        is_combined = len(self._parameters.get(family.name, ())) > 1 or "…" in family.wider[:1]
        share = self._share(family, family.name)
        if page is not None and share.finds_worth(page, is_combined or family.kind in _MISTRUSTED):
            self.credit(family)

    def credit(self, family: Family) -> None:
        """Take in that a page of the family was worth it."""
        for name in _names(family):
            self._share(family, name).worth_it += 1

    def admitted(self, name: str) -> int:
        """How many of the family are read."""
        return self._shares[name].admitted if name in self._shares else 0

    def _share(self, family: Family, name: str) -> _Share:
        return self._shares.setdefault(name, _Share(family.kind))


def _names(family: Family) -> tuple[str, ...]:
    return (family.name, family.wider) if family.wider else (family.name,)
