"""A line of opening hours: its words as days, times and what is closed.

Times are read by tokens rather than by one expression: days and times come in any order and grouping.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.web.facts.fact_words import DAYS, HOLIDAY, HourWords

_TIME = (
    r"(?<![\d.,:€$£+])(?P<hour>[01]?\d|2[0-4])(?:\s?[:.h]\s?(?P<minute>[0-5]\d)(?!\d|[.,]\d)h?"
    r"|(?P<ocl>\s?h(?:rs?)?\b))?\s*(?P<half>[ap]\.?\s?m\b\.?)?"
)
_TOKEN = re.compile(
    rf"(?P<always>24\s?/\s?7|24\s?(?:hours|hrs|h|stunden)\b)|{_TIME}(?![\d%°€$£/]|\s?(?:%|€|£|\$|min\b|km\b"
    rf"|years|jahre|ans\b))"
    r"|(?P<dash>[-–—‐‑−~〜～―>→]|\bt/m\b|\.\.\.?|…)|(?P<word>[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]{2}))*\.?)"
    r"|(?P<other>\S)",
    re.IGNORECASE,
)
_NOON = {"noon": 12 * 60, "midnight": 24 * 60, "midi": 12 * 60, "minuit": 24 * 60, "mittag": 12 * 60}
_QUARTER = r"(?P<{0}>[01]\d|2[0-4])(?P<{1}>00|15|30|45)"
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<!\w)m\s?(?:[-–—]|to)\s?f(?!\w)"), "mon-fri"),
    (re.compile(r"(?<!\w)m\s?(?:[-–—]|to)\s?(?=(?:th|sa|su)[a-z]*\b)"), "mon-"),
    (re.compile(r"(?<!\w)l\s?(?:[-–—]|a)\s?v(?!\w)"), "mon-fri"),
    (re.compile(r"(?<!\w)l\s?(?:[-–—]|a)\s?s(?!\w)"), "mon-sat"),
    (re.compile(r"(?<!\w)l\s?(?:[-–—]|a)\s?d(?!\w)"), "mon-sun"),
    (re.compile(r"(mon-fri\D.*?)(?<!\w)s(?=:?\s\d)"), r"\1sat"),
    (
        re.compile(
            rf"(?<![\d.,:+]){_QUARTER.format('h', 'm')}\s?(?:hrs?|h)?\s?(?:[-–—]|to)"
            rf"\s?{_QUARTER.format('g', 'n')}(?![\d.,:])"
        ),
        r"\g<h>:\g<m>-\g<g>:\g<n>",
    ),
    (
        re.compile(
            r"\b(?:between|zwischen|entre|tra|fra|tussen)\s+(?:las?\s|le\s)?(?P<from>\d[\d:.h]*(?:\s?[ap]\.?m\.?|\s?uhr)?)"
            r"\s+(?:and|und|et|e|y|en)\s+(?:las?\s|le\s)?(?=\d)"
        ),
        r"\g<from> - ",
    ),
    (
        re.compile(r"^(?P<day>[^\d\t]+)\t+(?P<from>\d[\d:.]*(?:\s?[ap]\.?m\.?)?)\t+(?=\d[\d:.]*(?:\s?[ap]\.?m\.?)?$)"),
        r"\g<day> \g<from> - ",
    ),
)
"""Ways to write days and times, each with the usual one: "m-f", Spanish "l-v", "0900-1700", "between 9 and 5", times
in columns."""
_CHINESE_DAYS = re.compile(r"(周|週|星期|礼拜)([一二三四五六日天])\s?([至到~〜–-])\s?([一二三四五六日天])")
_SPACELESS = re.compile(r"(?:周|週|星期|礼拜)[一二三四五六日天]|[月火水木金土日]曜日?|[至到和及]|休息|休業|定休日|休み")
"""Words of scripts that are written without spaces."""
_FROM = frozenset(("ab", "from", "dès", "partir", "desde", "dalle", "vanaf", "od", "fra", "från", "alkaen"))
_LATE = frozenset(
    ("late", "close", "closing", "ende", "schluss", "open-end", "openend", "cierre", "fermeture", "chiusura")
)
_EXCEPT = frozenset(
    (
        "except",
        "excluding",
        "außer",
        "ausgenommen",
        "sauf",
        "excepto",
        "salvo",
        "exceto",
        "tranne",
        "eccetto",
        "behalve",
    )
)
_ALSO_WORDS = frozenset(("die", "je", "ma", "me", "zo"))
"""Short names of days that are words as well: "Die Küche ist von Mittwoch bis Sonntag geöffnet"."""
_LEAST_UNSHORTENED = 5
"""Letters of a word whose full stop ends a sentence: "Mon." is a shortened name."""
_STRONG_GAPS = frozenset((".", ";", "|", "•", "·"))
_GAPS = _STRONG_GAPS | {",", "&", "+", "/"}
"""Signs between days …"""
OPEN_END = -1
"""The end of a range that is not said: "from 5 pm"."""
_EARLIEST_SHORT = 5 * 60
"""Before this, an end with a leading zero is the next day's: "08:00 – 03:00" closes at night, "09:00 – 05:00" not."""
Range = tuple[int, int]


@dataclass
class HourEntry:
    """Days with their times."""

    days: frozenset[int]
    ranges: list[Range] = field(default_factory=list)
    """Minutes since midnight."""
    is_closed: bool = False

    @property
    def normal(self) -> str:
        """OpenStreetMap's notation: `Mo-Fr 08:30-17:00`."""
        times = "off" if self.is_closed else ",".join(_written(start, end) for start, end in self.ranges)
        return f"{write_days(self.days)} {times}".strip()


@dataclass
class HourReading:
    """A line read as opening hours."""

    entries: list[HourEntry] = field(default_factory=list)
    days: frozenset[int] = frozenset()
    """Days without times at the end of the line."""
    ranges: list[Range] = field(default_factory=list)
    """Times without days."""
    is_closed: bool = False
    others: int = 0
    """Words that are neither days nor times."""
    has_clear_time: bool = False
    """Whether a time has minutes, "am" or "h"."""


def write_days(days: frozenset[int]) -> str:
    """Return the days in order, runs shortened: `Mo-Fr,Su`."""
    parts, run = list[str](), list[int]()
    for day in [*sorted(day for day in days if day < HOLIDAY), 99]:
        if run and day != run[-1] + 1:
            parts += (
                [DAYS[run[0]]] if len(run) == 1 else [f"{DAYS[run[0]]}{'-' if len(run) > 2 else ','}{DAYS[run[-1]]}"]
            )
            run = []
        run.append(day)
    return ",".join([*parts, *(["PH"] if HOLIDAY in days else [])])


def _is_other(token: re.Match[str], words: HourWords) -> bool:
    """Whether the token is a word that says nothing of days or times."""
    bare = (token["word"] or "").replace("\u2060", " ").rstrip(".")
    known = (words.days, words.to, words.closed, words.joining, words.around, _FROM, _NOON)
    return bool(bare) and not any(bare in each for each in known)


def _is_pronoun(word: str, following: re.Match[str] | None, words: HourWords) -> bool:
    """Whether the short name of a day is "we", as in "we are open" and "we open at nine"."""
    after = (following["word"] or "").rstrip(".") if following is not None else ""
    return word == "we" and bool(after) and after not in words.days and after not in words.to


def _written(start: int, end: int) -> str:
    return f"{_clock(start)}+" if end == OPEN_END else f"{_clock(start)}-{_clock(end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def read_hours(text: str, words: HourWords) -> HourReading:
    """Read a lower-case line."""
    reading = HourReading()
    for pattern, usual in _SPELLINGS:
        text = pattern.sub(usual, text)
    if not text.isascii() and _SPACELESS.search(text):
        text = _SPACELESS.sub(r" \g<0> ", _CHINESE_DAYS.sub(r"\1\2\3\1\4", text))
    text = words.phrases.sub(lambda found: " ⓓ " if found["daily"] else found[0].replace(" ", "\u2060"), text)
    if words.appointment.search(text):
        text = words.appointment.sub(" ", text)
    groups, start, gap = list[_Days | _Times](), None, ""
    is_range = has_half = is_since = False

    def end_start() -> None:
        """Take a time without an end as open-ended if the line says "from"."""
        nonlocal start, is_since
        if is_since and start is not None:
            _add_range(groups, (start, OPEN_END))
        start, is_since = None, False

    tokens = list(_TOKEN.finditer(text))
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if token["always"]:
            _add_range(groups, (0, 24 * 60))
            reading.has_clear_time = True
            start = None
        elif token["hour"]:
            minutes = _minutes(token)
            if minutes is None:
                continue
            reading.has_clear_time = reading.has_clear_time or bool(token["minute"] or token["half"] or token["ocl"])
            if start is None or not is_range:
                start, has_half = minutes, bool(token["half"])
            else:
                _add_range(groups, _range(start, minutes, has_half, token["half"] or "", token["hour"]))
                start, is_since = None, False
            is_range, gap = False, ""
        elif token["dash"]:
            is_range = True
        elif token["word"]:
            word = token["word"].replace("\u2060", " ")
            bare = word.rstrip(".")
            if bare in _NOON and start is not None and is_range:
                _add_range(groups, (start, _NOON[bare]))
                start, is_range = None, False
            elif bare in _NOON:
                start = _NOON[bare]
            elif (bare in _ALSO_WORDS and following is not None and _is_other(following, words)) or _is_pronoun(
                bare, following, words
            ):
                reading.others += 1
            elif bare in words.days and not (bare in words.to and start is not None):
                end_start()
                _add_days(groups, words.days[bare], gap, is_range=is_range)
                is_range, gap = False, ""
            elif bare in words.to:
                is_range = True
            elif bare in _EXCEPT:
                end_start()
                _close_except(groups, tokens[at + 1 :], words)
                gap = ""
            elif bare in _FROM:
                is_since = start is None
            elif bare in _LATE and start is not None:
                is_since = True
            elif bare in words.closed:
                end_start()
                groups.append(_Times(is_closed=True))
                gap = ""
            elif bare in words.joining:
                is_range, gap = False, gap or ","
            elif bare not in words.around and len(bare) > 1:
                reading.others += 1
            if word.endswith(".") and len(bare) >= _LEAST_UNSHORTENED:
                gap = "."
        elif token["other"] == "ⓓ":
            end_start()
            _add_days(groups, frozenset(range(7)), gap or ",", is_range=False)
        elif token["other"] in _GAPS:
            gap = token["other"] if token["other"] in _STRONG_GAPS else gap or ","
    if any(isinstance(group, _Days) for group in groups):
        end_start()
    _assign(groups, reading)
    return reading


@dataclass
class _Days:
    """Days without a time between them, in parts as they are listed."""

    parts: list[set[int]]
    gaps: list[str] = field(default_factory=list)
    """The sign between each part and the next: a comma, a full stop …"""
    last: int = 0
    """The day that a range may begin with."""
    is_apart: bool = False
    """Whether a sentence ends before them."""

    def split(self) -> tuple[set[int], set[int]] | None:
        """Split the days for the times before and after them; None if nothing parts them."""
        if not self.gaps:
            return None
        strong = [at for at, gap in enumerate(self.gaps) if gap in _STRONG_GAPS]
        at = (strong or [len(self.gaps) - 1])[0] + 1
        return set[int]().union(*self.parts[:at]), set[int]().union(*self.parts[at:])

    @property
    def is_parted(self) -> bool:
        """Whether a sentence ends between the days."""
        return any(gap in _STRONG_GAPS for gap in self.gaps)


@dataclass
class _Times:
    """Times without a day between them, or a word that says "closed"."""

    ranges: list[Range] = field(default_factory=list)
    is_closed: bool = False
    is_taken: bool = False
    """Whether days have them."""


def _add_range(groups: list[_Days | _Times], found: Range) -> None:
    if not groups or isinstance(groups[-1], _Days) or groups[-1].is_closed:
        groups.append(_Times())
    assert isinstance(groups[-1], _Times)
    ranges = groups[-1].ranges
    if ranges and found[0] < ranges[-1][1] <= found[0] + 720 and 0 <= found[1] <= 720:
        # "9–12 and 2–5": the second opening is in the afternoon.
        found = found[0] + 720, found[1] + 720
    ranges.append(found)


def _add_days(groups: list[_Days | _Times], found: frozenset[int], gap: str, *, is_range: bool) -> None:
    if not groups or isinstance(groups[-1], _Times):
        groups.append(_Days([set(found)], last=max(found), is_apart=gap in _STRONG_GAPS))
        return
    before = groups[-1]
    if is_range and len(found) == 1 and HOLIDAY not in found:
        last = next(iter(found))
        before.parts[-1].update(day % 7 for day in range(before.last, last + 1 if last >= before.last else last + 8))
    else:
        before.parts.append(set(found))
        before.gaps.append(gap or ",")
    before.last = max(found)


def _close_except(groups: list[_Days | _Times], tokens: Sequence[re.Match[str]], words: HourWords) -> None:
    """Close the days after "except", if whole days follow: "Wednesday afternoon" is none."""
    if groups and isinstance(groups[-1], _Times) and groups[-1].is_closed:
        # "Closed except Sundays" says nothing of Sunday's times.
        groups.pop()
        return
    known = (words.days, words.joining, words.around)
    names = [(token["word"] or "").replace("\u2060", " ").rstrip(".") for token in tokens]
    end = next((at for at, name in enumerate(names) if not any(name in each for each in known)), len(names))
    is_whole = end == len(names) or not tokens[end]["word"]
    if is_whole and any(name in words.days for name in names[:end]):
        groups.append(_Times(is_closed=True))


def _assign(groups: Sequence[_Days | _Times], reading: HourReading) -> None:
    """Give the days their times, which stand before or after them, and keep what is left over."""
    for at, group in enumerate(groups):
        if isinstance(group, _Times):
            continue
        days = set[int]().union(*group.parts)
        before, after = (_times_at(groups, index) for index in (at - 1, at + 1))
        if after is not None and group.is_apart:
            before = None
        if before is not None and after is not None and (group.is_parted or isinstance(groups[-1], _Times)):
            if halves := group.split():
                _give(reading, halves[0], before)
                days, before = halves[1], None
        elif before is not None and after is not None:
            # The last days have their times before them, and so have these.
            after = None
        if not _give(reading, days, before, after):
            reading.days = frozenset(days)
    free = [group for group in groups if isinstance(group, _Times) and not group.is_taken]
    reading.ranges = [each for group in free for each in group.ranges]
    reading.is_closed = any(group.is_closed for group in free)


def _times_at(groups: Sequence[_Days | _Times], index: int) -> _Times | None:
    """Return the times at an index that no days have yet."""
    group = groups[index] if 0 <= index < len(groups) else None
    return group if isinstance(group, _Times) and not group.is_taken else None


def _give(reading: HourReading, days: set[int], *found: _Times | None) -> bool:
    """Give the days these times, if there are any."""
    times = [each for each in found if each is not None]
    for each in times:
        each.is_taken = True
    ranges = [each for group in times for each in group.ranges]
    if times:
        reading.entries.append(HourEntry(frozenset(days), ranges, is_closed=not ranges))
    return bool(times)


def _minutes(token: re.Match[str]) -> int | None:
    hour, minute = int(token["hour"]), int(token["minute"] or 0)
    if token["half"]:
        if hour > 12 or hour == 0:
            return hour * 60 + minute
        hour = hour % 12 + (12 if token["half"][0].lower() == "p" else 0)
    return hour * 60 + minute if hour * 60 + minute <= 24 * 60 else None


def _range(start: int, end: int, has_half: bool, half: str, written: str) -> Range:
    """Return the range of two times; "9 to 5" and "1-5 pm" mean the afternoon, "18–2" the next day."""
    if half[:1].lower() == "p" and not has_half and start + 720 < end:
        start += 720
    if end < _EARLIEST_SHORT and written.startswith("0") and start > end and not half:
        end += 1440
    elif end <= start:
        end += 720 if start <= 720 and end <= 720 and not half and not has_half else 1440
    return start, end
