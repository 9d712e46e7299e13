"""What the headings of a page make of the runs under them, in numbers for the second look."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.boxes import HEADINGS, Outline
from tasks.web.content.lexicon import TOPICS
from tasks.web.content.traits import heading_text

Floats = NDArray[np.float64]

SECTIONS = {"section": 6, "part": 3, "chapter": 2}
"""Texts from a heading to the next; only headings of this level and above count."""
NOWHERE = -9.0
"""Stands for what is beyond the first and the last run, and for a heading, a title or a core that there is not."""
NEVER = 999.0
"""Runs since a heading that there is not."""


def section_numbers(outline: Outline, odds: Floats, words: Floats, content: Floats) -> dict[str, Floats]:
    """By name, a number for each run.

    `odds` are those of the first look; `words` and `content` are sums up to each run, of all words and of those that
    are expected to be content.
    """
    levels = np.array([HEADINGS.get(run.box.tag, 0) for run in outline.runs])
    found: dict[str, Floats] = {}
    for name, deepest in SECTIONS.items():
        heads = np.flatnonzero((levels > 0) & (levels <= deepest))
        found |= {f"{name} {what}": values for what, values in _of_section(heads, odds, words, content).items()}
    return found | _of_topics(outline)


def _of_section(heads: NDArray[np.intp], odds: Floats, words: Floats, content: Floats) -> dict[str, Floats]:
    index = np.arange(len(odds))
    number = np.searchsorted(heads, index, side="right")
    edges = np.concatenate(([0], heads, [len(odds)]))
    first, last = edges[number], edges[number + 1]
    size = words[last] - words[first]
    return {
        "number": number.astype(float),
        "sections left": (len(heads) - number).astype(float),
        "since heading": (index - first).astype(float),
        "words": size,
        "content": (content[last] - content[first]) / np.maximum(size, 1),
        "heading odds": np.where(number > 0, odds[first], NOWHERE),
        "next odds": np.where(last < len(odds), odds[np.minimum(last, len(odds) - 1)], NOWHERE),
    }


def _of_topics(outline: Outline) -> dict[str, Floats]:
    """How many runs ago a heading announced what is mostly not the page's own."""
    index = np.arange(len(outline.runs))
    headings = [heading_text(run) or "" for run in outline.runs]
    found: dict[str, Floats] = {}
    for name, topic in TOPICS.items():
        since = _latest(bool(text and topic.search(text)) for text in headings)
        found[f"since {name}"] = np.where(since >= 0, index - since, NEVER)
    return found


def _latest(flags: Iterable[bool]) -> NDArray[np.intp]:
    """The place of the last that is true, up to each; before the first, -1."""
    places = np.array([index if flag else -1 for index, flag in enumerate(flags)])
    result: NDArray[np.intp] = np.maximum.accumulate(places)
    return result
