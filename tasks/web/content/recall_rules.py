"""Keeps text that the classifier rates low but visitors ask for: prose within the content, facts with their names.

An article's extractor may lose a price in a card; a customer's may not. Measured on the half of WCXB that is not held
out: half of the words of prose between the first and the last kept run are content, wherever the classifier rates it.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from tasks.web.content.boxes import HEADINGS, LANDMARKS, Box, Outline, Run
from tasks.web.content.lexicon import PRICE, TOPICS
from tasks.web.content.run_features import heading_text, is_prose
from tasks.web.content.telling import FACT
from tasks.web.content.vocabulary import BITS

MAX_CARD_WORDS = 60
"""Words of the largest box that is taken to name the fact in it."""
MAX_CARD_RUNS = 14
MAX_LATE_WORDS = 30
"""Words of the largest card that is kept after the last prose."""
MAX_CARD_LEVELS = 4
MAX_FIGURE_WORDS = 3
MAX_FIGURE_CARD_WORDS = 25
MAX_LONE_WORDS = 8
MAX_QUESTION_WORDS = 30
QUESTION_LEVELS = 3
_ASKING = "?", "？", "؟"
_FIGURE = re.compile(r"\W*\d[\d.,’' ]*(?:[+%°]|[kKmM]\b)?\W*")
MAX_FACT_WORDS = 40
"""Longer runs are prose."""
_UNITS = frozenset(("table", "dl", "details"))
_ASIDE = sum(
    BITS[name]
    for name in ("related", "comment", "ad", "consent", "navigation", "pages", "review", "person", "form", "overlay")
)
_SOLD = BITS["related"] | BITS["ad"] | BITS["consent"]
_STATED = LANDMARKS["table"] | LANDMARKS["dl"] | LANDMARKS["details"]
_CONTENT = LANDMARKS["main"] | LANDMARKS["article"]
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
        is_within = first <= index < last
        if (
            not (is_within or (index >= last and _is_in_main(run, runs[last - 1])))
            or kept[index]
            or is_related
            or run.words > MAX_FACT_WORDS
        ):
            continue
        if FACT.search(run.text) and not _is_aside(run.box, _SOLD):
            card = _card_of(run)
            if not is_within and (card.words > MAX_LATE_WORDS or _is_for_sale(card)):
                # The card is another product's, or no card at all; a number or address stands for itself.
                kept[index] = run.words <= MAX_LONE_WORDS and PRICE.search(run.text) is None
                continue
            for at in range(card.first, card.last):
                kept[at] = True


def is_own_fact(run: Run) -> bool:
    """Whether the run is in a table or list of terms, or states a fact that is not part of another page's teaser."""
    if run.box.tags & _STATED:
        return True
    return FACT.search(run.text) is not None and run.words <= MAX_FACT_WORDS and not _is_for_sale(_card_of(run))


def _is_for_sale(card: Box) -> bool:
    """Whether the card leads to a page of its own, as those of other products below a product do."""
    return card.link_words > 0 and PRICE.search(card.node.text(separator=" ")) is not None


def _is_in_main(run: Run, last: Run) -> bool:
    """Whether the run stands in the same `main` element or article as the last kept one."""
    return bool(run.box.tags & last.box.tags & _CONTENT)


def keep_figures(outline: Outline, kept: list[bool]) -> None:
    """Keep numbers beside the kept text that says their meaning: "350" and "happy families"."""
    runs = outline.runs
    for index, run in enumerate(runs):
        if kept[index] or run.words > MAX_FIGURE_WORDS or run.link_words or not _FIGURE.fullmatch(run.text):
            continue
        for beside in (index + 1, index - 1):
            if 0 <= beside < len(runs) and kept[beside] and _shares_card(run, runs[beside]):
                kept[index] = True


def keep_below(outline: Outline, kept: list[bool]) -> None:
    """Keep the prose below a kept heading that would stand alone: a question without its answer says nothing."""
    runs = outline.runs
    topic = _Topic()
    for index, run in enumerate(runs[:-1]):
        is_related, below = topic.advance(run), runs[index + 1]
        if kept[index] and run.box.tag in HEADINGS and not kept[index + 1] and not is_related and is_prose(below):
            kept[index + 1] = below.link_words == 0 and not _is_aside(below.box, _ASIDE)


def keep_questions(outline: Outline, kept: list[bool]) -> None:
    """Keep a question just above its kept answer, whatever element it stands in."""
    runs = outline.runs
    for index, (run, below) in enumerate(pairwise(runs)):
        if kept[index] or not kept[index + 1] or run.words > MAX_QUESTION_WORDS or not run.text.endswith(_ASKING):
            continue
        if is_prose(below) and below.box.tag not in HEADINGS and _is_beside(run.box, below.box):
            kept[index] = not _is_aside(run.box, _ASIDE)


def _is_beside(box: Box, other: Box) -> bool:
    """Whether the other box stands in one of the nearest boxes around this one."""
    around: Box | None = box
    for _ in range(QUESTION_LEVELS):
        around = around.parent if around is not None else None
        if around is not None and around.first <= other.first and other.last <= around.last:
            return True
    return False


def _shares_card(run: Run, other: Run) -> bool:
    card: Box | None = run.box
    for _ in range(MAX_CARD_LEVELS):
        if card is None or card.words > MAX_FIGURE_CARD_WORDS:
            return False
        if card.first <= other.box.first and other.box.last <= card.last:
            return True
        card = card.parent
    return False


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
