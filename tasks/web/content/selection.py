"""Selects the runs to keep: a threshold on their probabilities, chosen per page, and rules for units and headings."""

import re
from collections.abc import Sequence
from itertools import pairwise

from selectolax.lexbor import LexborNode

from tasks.web.content.boxes import HEADINGS, LANDMARKS, Box, Outline, Run
from tasks.web.content.pruning import remove_all
from tasks.web.content.recall_rules import keep_below, keep_facts, keep_figures, keep_near, keep_questions
from tasks.web.content.related_lists import drop_related

RECALL_FACTOR = 0.9
"""Factor on the threshold with the best F1, for recall: omitted text cannot be found, excess text does little harm."""
UNIT_FACTOR = 0.75
"""Factor on the threshold for tables, code, definition lists and disclosures, whose facts are often nowhere else."""
HEADING_FACTOR = 0.35
"""Factor on the threshold for headings of sections with kept text."""
MIN_REPEATED_WORDS = 5
"""Shorter texts may repeat for several things: a price, a status."""
_CELLS = frozenset(("td", "th"))
UNITS = frozenset(("table", "pre", "dl", "details"))
"""Elements kept or removed as a whole."""

_WORD = re.compile(r"\w+")


def select_runs(outline: Outline, probabilities: Sequence[float]) -> list[bool]:
    """Decide for each run whether it is kept, from the probabilities that it is content."""
    runs = outline.runs
    threshold = RECALL_FACTOR * best_threshold([run.words for run in runs], probabilities)
    kept = [probability >= threshold for probability in probabilities]
    _decide_units(outline, probabilities, UNIT_FACTOR * threshold, kept)
    keep_near(outline, kept)
    keep_facts(outline, kept)
    keep_figures(outline, kept)
    _keep_headings(runs, [probability >= HEADING_FACTOR * threshold for probability in probabilities], kept)
    keep_below(outline, kept)
    keep_questions(outline, kept)
    drop_related(outline, kept)
    drop_repeated(runs, kept)
    return kept


def best_threshold(words: Sequence[int], probabilities: Sequence[float]) -> float:
    """Return the probability threshold with the largest expected F1 over words.

    Lewis (1995): with n words kept, of which k are expected to be content, and c content words expected in all,
    F1 = 2k / (n + c).
    """
    content = sum(count * probability for count, probability in zip(words, probabilities, strict=True))
    best, threshold, kept, expected = 0.0, 1.0, 0, 0.0
    for probability, count in sorted(zip(probabilities, words, strict=True), reverse=True):
        kept += count
        expected += count * probability
        if (score := 2 * expected / (kept + content)) > best:
            best, threshold = score, probability
    return threshold


def _decide_units(outline: Outline, probabilities: Sequence[float], threshold: float, kept: list[bool]) -> None:
    for box in outline.boxes:
        if box.tag in UNITS and box.last - box.first > 1 and box.words and not _is_layout(box):
            span = range(box.first, box.last)
            mean = sum(probabilities[index] * outline.runs[index].words for index in span) / box.words
            for index in span:
                kept[index] = mean >= threshold


def _is_layout(box: Box) -> bool:
    """Whether the table has other blocks in its cells: then it is a layout, not data."""
    return box.tag == "table" and box.node.css_first("td div, td table, td h1, td h2, td h3, td form") is not None


def _keep_headings(runs: Sequence[Run], is_likely: Sequence[bool], kept: list[bool]) -> None:
    """Keep headings of at least their lower threshold, and the only title, if text under them is kept."""
    has_text = [False] * 7
    is_only_title = sum(run.box.tag == "h1" for run in runs) == 1
    for index in range(len(runs) - 1, -1, -1):
        level = HEADINGS.get(runs[index].box.tag)
        if level is not None:
            is_title = is_only_title and level == 1
            kept[index] = kept[index] or (has_text[level] and (is_likely[index] or is_title))
        if kept[index]:
            has_text = [True] * 7
        if level is not None:
            # Earlier headings of the same or a deeper level end here: this section is not theirs.
            has_text[level:] = [False] * (7 - level)


def drop_repeated(runs: Sequence[Run], kept: list[bool]) -> None:
    """Drop verbatim repetitions: rotating slides, copies for small screens, quoted posts.

    A heading goes only with its whole section: text left below it would lose its topic. Nor does a link count as the
    first occurrence of anything but other links: the entries of a contents list come before the headings that they
    repeat, and it is the entries that are dropped.
    """
    _drop_repeated_sections(runs, kept)
    said: set[str] = set()
    # An entry and its heading may differ in their marks, such as a number or "¶".
    linked = {_words_of(run) for run, is_kept in zip(runs, kept, strict=True) if is_kept and run.box.tag in HEADINGS}
    for index, run in enumerate(runs):
        if not kept[index] or run.words < MIN_REPEATED_WORDS or run.box.tag in HEADINGS or _is_bound(run.box):
            continue
        if run.link_words == run.words:
            kept[index] = (words := _words_of(run)) not in linked
            linked.add(words)
        else:
            kept[index] = (text := run.text.lower()) not in said
            said.add(text)


def _drop_repeated_sections(runs: Sequence[Run], kept: list[bool]) -> None:
    """Drop sections whose heading and text are all those of an earlier one."""
    heads = [index for index, run in enumerate(runs) if run.box.tag in HEADINGS]
    said: set[tuple[str, ...]] = set()
    for first, last in pairwise([*heads, len(runs)]):
        section = tuple(runs[index].text for index in range(first, last) if kept[index])
        if len(section) < 2 or any(_is_bound(runs[index].box) for index in range(first, last)):
            continue
        if section in said and sum(runs[index].words for index in range(first, last)) >= MIN_REPEATED_WORDS:
            kept[first:last] = [False] * (last - first)
        said.add(section)


def _words_of(run: Run) -> str:
    """Return the run's words alone, in lower case."""
    return " ".join(_WORD.findall(run.text.lower()))


def _is_bound(box: Box) -> bool:
    """Whether the run must stay in its context: table cells and code."""
    return box.tag == "pre" or bool(box.tags & LANDMARKS["table"])


def prune(outline: Outline, kept: Sequence[bool]) -> None:
    """Remove the runs that are not kept from the document."""
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
        elif counts[box.last] == counts[box.first] and box.tag not in _CELLS:
            # A row without one of its cells would say something else in the columns after it.
            removed.add(id(box))
            gone.append(box.node)
    for run, is_kept in zip(outline.runs, kept, strict=True):
        if not is_kept and id(run.box) not in removed:
            gone.extend(inner if outer.mem_id in outline.split else outer for outer, inner in run.nodes)
    remove_all(gone)
