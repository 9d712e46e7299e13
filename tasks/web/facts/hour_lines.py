"""A line of opening hours: its words as days, times and what is closed.

Times are read by tokens rather than by one expression: days and times come in any order and grouping.
"""

import re
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
_ALSO_WORDS = frozenset(("die", "je", "ma", "me", "zo"))
"""Short names of days that are words as well: "Die Küche ist von Mittwoch bis Sonntag geöffnet"."""
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
    days, listed, ranges, start = set[int](), list[int](), list[Range](), None
    is_closed = is_range = False
    has_half = is_since = closes_following = False

    def flush() -> None:
        nonlocal days, listed, ranges, is_closed, start, is_since
        if is_since and start is not None:
            ranges.append((start, OPEN_END))
            start, is_since = None, False
        if days and (ranges or is_closed):
            reading.entries.append(HourEntry(frozenset(days), ranges, is_closed and not ranges))
            days, ranges, is_closed = set(), [], False

    if words.appointment.search(text):
        text = words.appointment.sub(" ", text)
        reading.is_closed = False
    tokens = list(_TOKEN.finditer(text))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        kind = token.lastgroup
        if token["always"]:
            ranges.append((0, 24 * 60))
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
                ranges.append(_range(start, minutes, has_half, token["half"] or "", token["hour"]))
                start, is_since = None, False
            is_range = False
        elif token["dash"]:
            is_range = True
        elif kind == "word" or token["word"]:
            word = token["word"].replace("\u2060", " ")
            bare = word.rstrip(".")
            if bare in _NOON and start is not None and is_range:
                ranges.append((start, _NOON[bare]))
                start, is_range = None, False
            elif bare in _NOON:
                start = _NOON[bare]
            elif bare in _ALSO_WORDS and following is not None and _is_other(following, words):
                reading.others += 1
            elif bare in words.days and not (bare in words.to and (start is not None)):
                if ranges or (is_closed and not closes_following) or (is_since and start is not None):
                    flush()
                found = words.days[bare]
                if is_range and listed and len(found) == 1 and HOLIDAY not in found:
                    first, last = listed[-1], next(iter(found))
                    days.update(day % 7 for day in range(first, last + 1 if last >= first else last + 8))
                days.update(found)
                listed = [max(found)]
                is_range = False
                start = None
            elif bare in words.to:
                is_range = True
            elif bare in _FROM:
                is_since = start is None
            elif bare in _LATE and start is not None:
                is_since = True
            elif bare in words.closed:
                if is_since and start is not None:
                    flush()
                is_closed, closes_following = True, not days
            elif bare in words.joining:
                is_range = False
            elif bare not in words.around and len(bare) > 1:
                reading.others += 1
        elif token["other"] == "ⓓ":
            flush()
            days.update(range(7))
    if days and (ranges or is_closed or is_since):
        flush()
    reading.days, reading.ranges, reading.is_closed = frozenset(days), ranges, is_closed
    return reading


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
