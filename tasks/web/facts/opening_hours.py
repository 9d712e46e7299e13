"""Opening hours in text: days with their times, as written and in the notation of OpenStreetMap and schema.org."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tasks.core.facts import Fact, FactKind
from tasks.web.facts.fact_words import HOLIDAY, HourWords, find_languages, hour_words
from tasks.web.facts.hour_lines import HourEntry, HourReading, read_hours
from tasks.web.facts.page_lines import Line, PageText, labels_above

MAX_BLOCKS = 12
MAX_GAP = 2
"""Other lines between two lines of one table of hours at most."""
MAX_LINE = 400
"""Characters of a line that may be hours."""
MAX_DAY_LINE = 60
"""Characters of a line that names only days."""
MAX_APPOINTMENT = 100
MAX_OTHERS = 2
"""Words besides days, times and their particles on a line of hours without a title …"""
MAX_TITLED_OTHERS = 12
"""… and below or in one with a title."""

_MAY_HOLD = re.compile(r"\d(?:\s?[:.h]\s?\d\d(?!\d)|\s?(?:[ap]\.?m\b|uhr|h\b)|(?<=24)(?:\s?/\s?7| hours))")
_MONTH = re.compile(
    r"\b(?:jan|feb|mär|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zäé]*\.?\s+\d|\b(?:19|20)\d\d\b"
    r"|\d\.\s?\d{1,2}\."
)


def find_hours(page: PageText, language: str) -> Iterator[Fact]:
    """Yield each table of opening hours as one fact."""
    lines, words = page.lines, hour_words(find_languages(page.lowered.text, language))
    patterns = (words.any_day, _MAY_HOLD, words.appointment)
    candidates = {index for pattern in patterns for index in page.lowered.matching(pattern)}
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
        elif not block.entries and reading is not None and _is_by_appointment(lines, index, words):
            yield Fact(kind=FactKind.hours, value=line.text, normal=lowered, place=line.region)
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

    def add(self, index: int, used: int, reading: HourReading, lines: Sequence[Line]) -> None:
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


def _join_next(lines: Sequence[Line], index: int, reading: HourReading, words: HourWords) -> int:
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


def _is_accepted(lines: Sequence[Line], index: int, reading: HourReading, words: HourWords) -> bool:
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
    are_several = sum(bool(entry.ranges) for entry in reading.entries) > 1 and reading.has_clear_time
    is_pure = reading.others <= (MAX_OTHERS if are_several or line.region != "main" else 0)
    return (has_days and is_pure and any(entry.ranges for entry in reading.entries)) or (
        has_days and reading.others == 0 and any(entry.is_closed for entry in reading.entries)
    )


def _is_by_appointment(lines: Sequence[Line], index: int, words: HourWords) -> bool:
    """Whether the line says that there are no hours, only appointments."""
    text = lines[index].text.lower()
    if len(text) > MAX_APPOINTMENT or words.appointment.search(text) is None:
        return False
    return any(words.hours.search(label.lower()) for label in (text, *labels_above(list(lines), index, 2))) or (
        len(text) <= MAX_DAY_LINE and not lines[index].is_linked
    )


def _is_exception(text: str, words: HourWords) -> bool:
    if not text or len(text) > 160:
        return False
    found = {word.strip(".") for word in re.findall(r"[^\W\d_]+", text)}
    is_holiday = any(word in found for word, days in words.days.items() if HOLIDAY in days)
    return is_holiday or bool(found & words.closed) or words.appointment.search(text) is not None
