"""Which runs of a page are its content: those that together are most likely to be what a person would mark."""

from collections.abc import Sequence

from selectolax.lexbor import LexborNode

from tasks.web.content.boxes import HEADINGS, LANDMARKS, Box, Outline, Run
from tasks.web.content.pruning import remove_all

LENIENT = 0.85
"""Of the best threshold for F1: what is left out cannot be found, what is too much can be passed over."""
UNIT = 0.75
"""Of the threshold: tables, code, terms and what opens on demand hold facts that are not elsewhere."""
HEADING = 0.35
"""Of the threshold: a heading need not be more likely than that if something under it stays."""
MIN_REPEATED_WORDS = 5
"""A shorter text may be said of several things: a price, a state."""
UNITS = frozenset(("table", "pre", "dl", "details"))
"""Kept or left out as a whole."""


def select_runs(outline: Outline, chances: Sequence[float]) -> list[bool]:
    """Whether each run is content, by how likely it is so."""
    runs = outline.runs
    threshold = LENIENT * best_threshold([run.words for run in runs], chances)
    kept = [chance >= threshold for chance in chances]
    _settle_units(outline, chances, UNIT * threshold, kept)
    _settle_headings(runs, [chance >= HEADING * threshold for chance in chances], kept)
    _leave_out_repeated(runs, kept)
    return kept


def best_threshold(words: Sequence[int], chances: Sequence[float]) -> float:
    """The chance from which on runs are to be kept so that the expected F1 over words is largest.

    Lewis (1995): with n words kept, of which k are expected to be content, and c content words expected in all,
    F1 = 2k / (n + c).
    """
    content = sum(count * chance for count, chance in zip(words, chances, strict=True))
    best, threshold, kept, expected = 0.0, 1.0, 0, 0.0
    for chance, count in sorted(zip(chances, words, strict=True), reverse=True):
        kept += count
        expected += count * chance
        if (score := 2 * expected / (kept + content)) > best:
            best, threshold = score, chance
    return threshold


def _settle_units(outline: Outline, chances: Sequence[float], threshold: float, kept: list[bool]) -> None:
    for box in outline.boxes:
        if box.tag in UNITS and box.last - box.first > 1 and box.words and not _is_layout(box):
            span = range(box.first, box.last)
            mean = sum(chances[index] * outline.runs[index].words for index in span) / box.words
            for index in span:
                kept[index] = mean >= threshold


def _is_layout(box: Box) -> bool:
    """A table that holds other blocks in its cells is the frame of a page."""
    return box.tag == "table" and box.node.css_first("td div, td table, td h1, td h2, td h3, td form") is not None


def _settle_headings(runs: Sequence[Run], is_likely: Sequence[bool], kept: list[bool]) -> None:
    """A heading that is likely stays if something under it does."""
    has_text = [False] * 7
    for index in range(len(runs) - 1, -1, -1):
        level = HEADINGS.get(runs[index].box.tag)
        if level is not None:
            kept[index] = kept[index] or (has_text[level] and is_likely[index])
        if kept[index]:
            has_text = [True] * 7
        if level is not None:
            # Headings before this one that are not above it have nothing of its section under them.
            has_text[level:] = [False] * (7 - level)


def _leave_out_repeated(runs: Sequence[Run], kept: list[bool]) -> None:
    """What is said again word for word goes: slides that go round, copies for small screens, quoted posts."""
    said: set[str] = set()
    for index, run in enumerate(runs):
        if kept[index] and run.words >= MIN_REPEATED_WORDS and not _is_bound(run.box):
            text = run.text.lower()
            kept[index] = text not in said
            said.add(text)


def _is_bound(box: Box) -> bool:
    """Cells belong to their row, lines of code to what they are an example of."""
    return box.tag == "pre" or bool(box.tags & LANDMARKS["table"])


def prune(outline: Outline, kept: Sequence[bool]) -> None:
    """Take what is not content out of the document."""
    counts = [0]
    for is_kept in kept:
        counts.append(counts[-1] + is_kept)
    gone: list[LexborNode] = []
    removed: set[int] = set()
    for box in outline.boxes:
        if box.parent is None:
            continue
        if id(box.parent) in removed:
            removed.add(id(box))
        elif counts[box.last] == counts[box.first]:
            removed.add(id(box))
            gone.append(box.node)
    for run, is_kept in zip(outline.runs, kept, strict=True):
        if not is_kept and id(run.box) not in removed:
            gone.extend(inner if outer.mem_id in outline.split else outer for outer, inner in run.nodes)
    remove_all(gone)
