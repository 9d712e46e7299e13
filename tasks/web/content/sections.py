"""Features of a run from the headings above it and its section: inputs of the second stage."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.boxes import HEADINGS, Outline
from tasks.web.content.lexicon import TOPICS
from tasks.web.content.run_features import heading_text

Floats = NDArray[np.float64]

SECTIONS = {"section": 6, "part": 3, "chapter": 2}
"""Kinds of sections by the deepest heading level that starts one."""
NOWHERE = -9.0
"""Value for a missing neighbour, heading, title or core."""
NEVER = 999.0
"""Distance to a heading that does not exist."""


def section_features(outline: Outline, log_odds: Floats, words: Floats, content: Floats) -> dict[str, Floats]:
    """Return features by name, with one number per run.

    `log_odds`: the first stage's log-odds; `words` and `content`: cumulative sums over the runs, of all words and of
    those expected to be content.
    """
    levels = np.array([HEADINGS.get(run.box.tag, 0) for run in outline.runs])
    found: dict[str, Floats] = {}
    for name, deepest in SECTIONS.items():
        heads = np.flatnonzero((levels > 0) & (levels <= deepest))
        found |= {f"{name} {what}": values for what, values in _of_section(heads, log_odds, words, content).items()}
    return found | _of_topics(outline)


def _of_section(heads: NDArray[np.intp], log_odds: Floats, words: Floats, content: Floats) -> dict[str, Floats]:
    index = np.arange(len(log_odds))
    number = np.searchsorted(heads, index, side="right")
    edges = np.concatenate(([0], heads, [len(log_odds)]))
    first, last = edges[number], edges[number + 1]
    size = words[last] - words[first]
    return {
        "number": number.astype(float),
        "sections left": (len(heads) - number).astype(float),
        "since heading": (index - first).astype(float),
        "words": size,
        "content": (content[last] - content[first]) / np.maximum(size, 1),
        "heading odds": np.where(number > 0, log_odds[first], NOWHERE),
        "next odds": np.where(last < len(log_odds), log_odds[np.minimum(last, len(log_odds) - 1)], NOWHERE),
    }


def _of_topics(outline: Outline) -> dict[str, Floats]:
    """Runs since a heading of a topic that is mostly not main content (related pages, comments …)."""
    index = np.arange(len(outline.runs))
    headings = [heading_text(run) or "" for run in outline.runs]
    found: dict[str, Floats] = {}
    for name, topic in TOPICS.items():
        since = _latest(bool(text and topic.search(text)) for text in headings)
        found[f"since {name}"] = np.where(since >= 0, index - since, NEVER)
    return found


def _latest(flags: Iterable[bool]) -> NDArray[np.intp]:
    """Index of the last true flag up to each position; -1 before the first."""
    places = np.array([index if flag else -1 for index, flag in enumerate(flags)])
    result: NDArray[np.intp] = np.maximum.accumulate(places)
    return result
