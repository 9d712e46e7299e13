"""Keeps text that the classifier rates low but visitors ask for: prose within the content, facts with their names.

An article's extractor may lose a price in a card; a customer's may not. Measured on the half of WCXB that is not held
out: half of the words of prose between the first and the last kept run are content, wherever the classifier rates it.
"""

import re
from collections.abc import Sequence

from tasks.web.content.boxes import HEADINGS, LANDMARKS, Box, Outline, Run
from tasks.web.content.lexicon import TOPICS
from tasks.web.content.run_features import heading_text, is_prose
from tasks.web.content.vocabulary import BITS

MAX_CARD_WORDS = 60
"""Words of the largest box that is taken to name the fact in it."""
MAX_CARD_RUNS = 14
MAX_CARD_LEVELS = 4
MAX_FACT_WORDS = 40
"""Longer runs are prose."""
FACT = re.compile(
    r"[$€£¥₹]\s?\d|\d\s?(?:€|£|zł|kč|kr\b|eur\b|euros?\b|usd\b|chf\b|dollars?\b|pounds?\b)|\b(?:chf|eur|usd|rs\.?|fr\.)\s?\d"
    r"|[\w.+-]+@[\w-]+\.\w{2,}|\+\d[\d ()./-]{7,}\d|\b0\d{2,4}[ /-]\d{3,}[\d -]*"
    r"|\b\d{1,2}(?:[:.]\d\d)?\s?(?:am|pm|uhr|h)?\s?(?:[-–—]|to|bis|à|until)\s?\d{1,2}(?:[:.]\d\d|\s?(?:am|pm|uhr|h)\b)",
    re.IGNORECASE,
)
"""Prices, addresses, telephone numbers, hours."""
_UNITS = frozenset(("table", "dl", "details"))
_ASIDE = sum(
    BITS[name]
    for name in ("related", "comment", "ad", "consent", "navigation", "pages", "review", "person", "form", "overlay")
)
_SOLD = BITS["related"] | BITS["ad"] | BITS["consent"]
_AROUND = LANDMARKS["nav"] | LANDMARKS["footer"]


def keep_near(outline: Outline, kept: list[bool]) -> None:
    """Keep text in the same element as prose that is kept, prose between kept runs, and code, with headings above."""
    runs = outline.runs
    if True not in kept:
        return
    first, last = kept.index(True), len(kept) - kept[::-1].index(True)
    direct, around = _holders(runs, kept)
    units = _units(outline)
    topic = _Topic()
    for index, run in enumerate(runs):
        is_related = topic.advance(run)
        if kept[index] or is_related or run.link_words * 2 > run.words or run.box.tags & _AROUND:
            continue
        box = _card_in(direct, units.get(index) or run.box)
        is_within, is_solid = first <= index < last, is_prose(run) or index in units or box is not run.box
        if run.box.tag == "pre" or (box.parent in direct and (is_within or is_solid)):
            kept[index] = True
        elif not _is_aside(run.box, _ASIDE):
            kept[index] = is_within and (is_prose(run) or (box.parent is not None and box.parent.parent in around))
        if kept[index] and index and runs[index - 1].box.tag in HEADINGS:
            kept[index - 1] = True


def _holders(runs: Sequence[Run], kept: Sequence[bool]) -> tuple[set[Box | None], set[Box | None]]:
    """Return the boxes that kept prose stands in directly, and the boxes around those."""
    direct = {run.box.parent for run, is_kept in zip(runs, kept, strict=True) if is_kept and is_prose(run)}
    return direct, {box.parent for box in direct if box is not None}


def _card_in(direct: set[Box | None], box: Box) -> Box:
    """Return the card around the box that stands in one of these boxes; the box itself if none does."""
    card: Box | None = box
    for _ in range(MAX_CARD_LEVELS):
        if card is None or card.words > MAX_CARD_WORDS:
            return box
        if card.parent in direct:
            return card
        card = card.parent
    return box


def _units(outline: Outline) -> dict[int, Box]:
    """Return the outermost table, definition list or disclosure of each run in one."""
    units: dict[int, Box] = {}
    for box in outline.boxes:
        if box.tag in _UNITS:
            for index in range(box.first, box.last):
                units.setdefault(index, box)
    return units


def keep_facts(outline: Outline, kept: list[bool]) -> None:
    """Keep prices, hours and contact data within the content, together with the card that names their subject."""
    runs = outline.runs
    if True not in kept:
        return
    topic = _Topic()
    first, last = kept.index(True), len(kept) - kept[::-1].index(True)
    for index, run in enumerate(runs):
        is_related = topic.advance(run)
        if not first <= index < last or kept[index] or is_related or run.words > MAX_FACT_WORDS:
            continue
        if FACT.search(run.text) and not _is_aside(run.box, _SOLD):
            card = _card_of(run)
            for at in range(card.first, card.last):
                kept[at] = True


class _Topic:
    """Whether the heading above is one of other pages: related, trending, recommended."""

    def __init__(self) -> None:
        self._is_related = False

    def advance(self, run: Run) -> bool:
        if run.words <= 12 and (text := heading_text(run)) is not None:
            self._is_related = bool(TOPICS["under related"].search(text))
        return self._is_related


def _is_aside(box: Box, groups: int) -> bool:
    return bool((box.groups | box.inherited) & groups) or bool(box.tags & _AROUND)


def _card_of(run: Run) -> Box:
    """Return the largest box around the run that is still about one thing."""
    card, box = run.box, run.box.parent
    while box is not None and box.words <= MAX_CARD_WORDS and box.last - box.first <= MAX_CARD_RUNS:
        card, box = box, box.parent
    return card
