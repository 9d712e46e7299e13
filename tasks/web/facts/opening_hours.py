"""Opening hours in text: days with their times, as written and in the notation of OpenStreetMap and schema.org."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.fact_words import DAYS, HOLIDAY, HourWords, find_languages, hour_words
from tasks.web.facts.page_lines import Line, PageText, labels_above

MAX_BLOCKS = 12
MAX_GAP = 2
"""Other lines between two lines of one table of hours at most."""
MAX_LINE = 400
"""Characters of a line that may be hours."""
MAX_DAY_LINE = 60
"""Characters of a line that names only days."""
MAX_OTHERS = 2
"""Words besides days, times and their particles on a line of hours without a title …"""
MAX_TITLED_OTHERS = 12
"""… and below or in one with a title."""

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
_MAY_HOLD = re.compile(r"\d(?:\s?[:.h]\s?\d\d(?!\d)|\s?(?:[ap]\.?m\b|uhr|h\b)|(?<=24)(?:\s?/\s?7| hours))")
_NOON = {"noon": 12 * 60, "midnight": 24 * 60, "midi": 12 * 60, "minuit": 24 * 60, "mittag": 12 * 60}
_MONTH = re.compile(
    r"\b(?:jan|feb|mär|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zäé]*\.?\s+\d|\b(?:19|20)\d\d\b"
    r"|\d\.\s?\d{1,2}\."
)
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
        times = "off" if self.is_closed else ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in self.ranges)
        return f"{write_days(self.days)} {times}".strip()


@dataclass
class _Reading:
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


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def find_hours(page: PageText, language: str) -> Iterator[Fact]:
    """Yield each table of opening hours as one fact."""
    lines, words = page.lines, hour_words(find_languages(page.lowered.text, language))
    candidates = {*page.lowered.matching(words.any_day), *page.lowered.matching(_MAY_HOLD)}
    if not candidates:
        return
    block = _Block()
    blocks = 0
    index = 0
    while index < len(lines):
        line, lowered = lines[index], lines[index].text.lower()
        reading = read_hours(lowered, words) if index in candidates and len(lowered) <= MAX_LINE else None
        used = 1
        if reading is not None and reading.days and not reading.entries and len(lowered) <= MAX_DAY_LINE:
            used = _join_next(lines, index, reading, words)
        if reading is not None and _is_accepted(lines, index, reading, words):
            if block.entries and not block.continues(lines, index):
                if fact := block.make(lines):
                    yield fact
                    blocks += 1
                block = _Block()
            block.add(index, used, reading, lines)
        elif block.entries and index - block.last <= MAX_GAP and _is_exception(lowered, words):
            block.notes.append((index, line.text))
            block.last = index
        index += used
        if blocks >= MAX_BLOCKS:
            return
    if fact := block.make(lines):
        yield fact


@dataclass
class _Block:
    """Lines of hours that belong together."""

    entries: list[HourEntry] = field(default_factory=list)
    written: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    first: int = -1
    last: int = -1

    def continues(self, lines: Sequence[Line], index: int) -> bool:
        between = [line.text for line in lines[self.last + 1 : index] if line.text]
        here, before = lines[index], lines[self.last]
        is_near = len(between) <= MAX_GAP and here.region == before.region
        return is_near and (here.heading == before.heading or here.is_heading == before.is_heading is True)

    def add(self, index: int, used: int, reading: _Reading, lines: Sequence[Line]) -> None:
        if not self.entries:
            self.first = index
        self.entries += reading.entries
        text = " ".join(line.text.replace("\t", " ") for line in lines[index : index + used])
        if used > 1 and not re.search(r"[:–-]$", lines[index].text):
            text = f"{lines[index].text}: {' '.join(line.text for line in lines[index + 1 : index + used])}"
        elif "\t" in lines[index].text:
            cells = [cell for cell in lines[index].text.split("\t") if cell]
            text = f"{cells[0].rstrip(':')}: {', '.join(cells[1:])}" if len(cells) > 1 else cells[0]
        self.written.append((index, text))
        self.last = index + used - 1

    def make(self, lines: Sequence[Line]) -> Fact | None:
        if not self.entries:
            return None
        texts = [text for _, text in sorted([*self.written, *self.notes])]
        line = lines[self.first]
        label = next(
            (text for text in labels_above(list(lines), self.first, 3) if not any(c.isdigit() for c in text)), ""
        )
        return Fact(
            kind=FactKind.hours,
            value="\n".join(dict.fromkeys(texts)),
            normal="; ".join(dict.fromkeys(entry.normal for entry in self.entries)),
            label=label.rstrip(": "),
            place=line.region,
        )


def _join_next(lines: Sequence[Line], index: int, reading: _Reading, words: HourWords) -> int:
    """Read the times of a line of days from the lines after it; return the number of lines that belong together."""
    used, entry = 1, HourEntry(reading.days)
    for line in lines[index + 1 : index + 4]:
        if not line.text:
            used += 1
            continue
        following = read_hours(line.text.lower(), words)
        if (
            following.entries
            or following.days
            or not (following.ranges or following.is_closed)
            or following.others > MAX_OTHERS
        ):
            break
        entry.ranges += following.ranges
        entry.is_closed = entry.is_closed or following.is_closed
        reading.has_clear_time = reading.has_clear_time or following.has_clear_time
        used += 1
    if not (entry.ranges or entry.is_closed):
        return 1
    entry.is_closed = entry.is_closed and not entry.ranges
    reading.entries.append(entry)
    while not lines[index + used - 1].text:
        used -= 1
    return used


def _is_accepted(lines: Sequence[Line], index: int, reading: _Reading, words: HourWords) -> bool:
    line = lines[index]
    text = line.text.lower()
    has_title = bool(words.hours.search(text)) or any(
        words.hours.search(label.lower()) for label in labels_above(list(lines), index, 3)
    )
    is_titled = has_title or line.shows_icon("hours")
    if not reading.entries:
        if not (reading.ranges and is_titled and reading.has_clear_time and reading.others <= MAX_OTHERS):
            return False
        reading.entries.append(HourEntry(frozenset(), reading.ranges))
        return True
    if _MONTH.search(text) and not is_titled:
        return False
    if is_titled:
        return reading.others <= MAX_TITLED_OTHERS
    has_days = all(entry.days for entry in reading.entries)
    is_pure = reading.others <= (MAX_OTHERS if line.region != "main" else 0)
    return (has_days and is_pure and any(entry.ranges for entry in reading.entries)) or (
        has_days and reading.others == 0 and any(entry.is_closed for entry in reading.entries)
    )


def _is_exception(text: str, words: HourWords) -> bool:
    if not text or len(text) > 160:
        return False
    found = {word.strip(".") for word in re.findall(r"[^\W\d_]+", text)}
    is_holiday = any(word in found for word, days in words.days.items() if HOLIDAY in days)
    return is_holiday or bool(found & words.closed) or words.appointment.search(text) is not None


def read_hours(text: str, words: HourWords) -> _Reading:
    """Read a lower-case line."""
    reading = _Reading()
    text = words.phrases.sub(lambda found: " ⓓ " if found["daily"] else found[0].replace(" ", "\u2060"), text)
    days, listed, ranges, start = set[int](), list[int](), list[Range](), None
    is_closed = is_range = False
    has_half = False

    def flush() -> None:
        nonlocal days, listed, ranges, is_closed
        if days and (ranges or is_closed):
            reading.entries.append(HourEntry(frozenset(days), ranges, is_closed and not ranges))
            days, ranges, is_closed = set(), [], False

    if words.appointment.search(text):
        text = words.appointment.sub(" ", text)
        reading.is_closed = False
    for token in _TOKEN.finditer(text):
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
                ranges.append(_range(start, minutes, has_half, token["half"] or ""))
                start = None
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
            elif bare in words.days and not (bare in words.to and (start is not None)):
                if ranges or is_closed:
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
            elif bare in words.closed:
                is_closed = True
            elif bare in words.joining:
                is_range = False
            elif bare not in words.around and len(bare) > 1:
                reading.others += 1
        elif token["other"] == "ⓓ":
            flush()
            days.update(range(7))
    if days and (ranges or is_closed):
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


def _range(start: int, end: int, has_half: bool, half: str) -> Range:
    """Return the range of two times; "9 to 5" and "1-5 pm" mean the afternoon, "18–2" the next day."""
    if half[:1].lower() == "p" and not has_half and start + 720 < end:
        start += 720
    if end <= start:
        end += 720 if start <= 720 and end <= 720 and not half and not has_half else 1440
    return start, end
