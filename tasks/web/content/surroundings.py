"""What surrounds each run of text, in numbers, for a second look: what the first made of the runs beside it, of the
boxes that hold it, and of the runs of boxes that look alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.boxes import HEADINGS, Box, Outline
from tasks.web.content.page_type import PageType
from tasks.web.content.sections import NOWHERE, section_numbers
from tasks.web.content.selection import best_threshold
from tasks.web.content.traits import CORES, core_boxes, is_prose

Floats = NDArray[np.float64]

NEAR = (-3, -2, -1, 1, 2, 3)
"""Runs beside, by their distance."""
WINDOWS = (2, 5, 12, 30)
"""Runs to either side."""
LEVELS = (1, 2, 3, 4, 5, 7, 9)
"""Boxes that hold a run, from the innermost."""
ALIKE_LEVELS = 3
"""Boxes look alike if tags and classes do, so many levels up."""


def odds(chances: Floats) -> Floats:
    """Their logarithms, within ±9."""
    bounded = np.clip(chances, 1e-4, 1 - 1e-4)
    result: Floats = np.log(bounded / (1 - bounded))
    return result


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over runs, from the first up to each."""

    words: Floats
    links: Floats
    prose: Floats
    content: Floats
    """Words that are expected to be content."""
    pictures: Floats
    controls: Floats

    def between(self, sums: Floats, first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
        """The sums' part of the words from first to last, exclusive."""
        words = self.words[last] - self.words[first]
        part: Floats = (sums[last] - sums[first]) / np.maximum(words, 1)
        return np.where(words > 0, part, -1.0)


def surroundings(
    outline: Outline, title: str, types: Floats, chances: Sequence[float]
) -> tuple[list[str], NDArray[np.float32]]:
    """Names of the numbers, and a row of them for each run.

    `chances` are what the first look found, `types` how likely the page is of each type.
    """
    runs, first_look = outline.runs, np.array(chances)
    words = np.array([run.words for run in runs], float)
    links = np.array([run.link_words for run in runs], float)
    prose = np.array([run.words if is_prose(run) else 0 for run in runs], float)
    pictures = np.array([run.pictures for run in runs], float)
    controls = np.array([run.controls for run in runs], float)
    counted = (words, links, prose, words * first_look, pictures, controls)
    sums = _Sums(*(np.concatenate(([0.0], np.cumsum(part))) for part in counted))
    first_odds = odds(first_look)
    found: dict[str, Floats] = {
        **_of_page(sums, types, len(runs)),
        **_of_place(outline, sums, title),
        **_of_neighbours(first_odds, words, links / words),
        **_of_mute(pictures, controls),
        **_of_windows(sums, len(runs)),
        **_of_boxes(outline, sums),
        **_of_alike(outline, words, first_look),
        **_of_cores(outline, sums),
        **_of_threshold(words, first_look, sums),
        **section_numbers(outline, first_odds, sums.words, sums.content),
    }
    rows = np.empty((len(runs), len(found)), np.float32)
    for column, values in enumerate(found.values()):
        rows[:, column] = values
    return list(found), rows


def _of_page(sums: _Sums, types: Floats, count: int) -> dict[str, Floats]:
    total = sums.words[-1]
    return {
        "page words": total,
        "page runs": np.array(float(count)),
        "page linked": sums.links[-1] / total,
        "page prose": sums.prose[-1] / total,
        "page pictures": sums.pictures[-1],
        "page controls": sums.controls[-1],
        "page content": sums.content[-1],
        "page content share": sums.content[-1] / total,
        **{f"page is {name}": share for name, share in zip(PageType, types, strict=True)},
    }


def _of_threshold(words: Floats, first_look: Floats, sums: _Sums) -> dict[str, Floats]:
    """Where the first look would draw the line, and what it would keep first and last."""
    threshold = np.array(best_threshold(words.tolist(), first_look.tolist()))
    kept = np.flatnonzero(first_look >= threshold)
    index = np.arange(len(words))
    return {
        "threshold": threshold,
        "odds above threshold": odds(first_look) - odds(threshold),
        "since first kept": index - (kept[0] if len(kept) else 0),
        "until last kept": (kept[-1] if len(kept) else len(words)) - index,
        "content before share": sums.content[:-1] / max(sums.content[-1], 1e-3),
        "content after": sums.content[-1] - sums.content[1:],
    }


def _of_place(outline: Outline, sums: _Sums, title: str) -> dict[str, Floats]:
    total, index = sums.words[-1], np.arange(len(outline.runs))
    levels = np.array([HEADINGS.get(run.box.tag, 0) for run in outline.runs])
    heading = np.maximum.accumulate(np.where(levels > 0, index, -1))
    h1 = np.flatnonzero(levels == 1)
    lowered = title.lower()
    titles = [at for at, run in enumerate(outline.runs) if len(run.text) == len(title) and run.text.lower() == lowered]
    return {
        "words before": sums.words[:-1],
        "words before share": sums.words[:-1] / total,
        "words after": total - sums.words[:-1],
        "heading level": np.where(heading >= 0, levels[heading], 0),
        "words since heading": np.where(heading >= 0, sums.words[:-1] - sums.words[heading], NOWHERE),
        "since h1": index - h1[0] if len(h1) else np.array(-999.0),
        "since title": index - titles[0] if titles else np.array(-999.0),
    }


def _of_neighbours(first_odds: Floats, words: Floats, linked: Floats) -> dict[str, Floats]:
    found = {"odds": first_odds, "words": words, "linked": linked}
    for distance in NEAR:
        for name, values in (("odds", first_odds), ("words", words), ("linked", linked)):
            found[f"{name} at {distance:+}"] = _shifted(values, distance)
    return found


def _of_mute(pictures: Floats, controls: Floats) -> dict[str, Floats]:
    """Pictures and controls right before each run and right after."""
    return {
        "pictures": pictures,
        "controls": controls,
        "pictures at +1": _shifted(pictures, 1),
        "controls at +1": _shifted(controls, 1),
    }


def _shifted(values: Floats, distance: int) -> Floats:
    result = np.full(len(values), NOWHERE)
    if abs(distance) < len(values):
        if distance > 0:
            result[:-distance] = values[distance:]
        else:
            result[-distance:] = values[:distance]
    return result


def _of_windows(sums: _Sums, count: int) -> dict[str, Floats]:
    index = np.arange(count)
    found: dict[str, Floats] = {}
    for width in WINDOWS:
        first, last = np.maximum(index - width, 0), np.minimum(index + width + 1, count)
        found[f"content within {width}"] = sums.between(sums.content, first, last)
        found[f"content {width} before"] = sums.between(sums.content, first, index)
        found[f"content {width} after"] = sums.between(sums.content, index + 1, last)
        found[f"linked within {width}"] = sums.between(sums.links, first, last)
        found[f"prose within {width}"] = sums.between(sums.prose, first, last)
        for name, of in (("words", sums.words), ("pictures", sums.pictures), ("controls", sums.controls)):
            found[f"{name} within {width}"] = (of[last] - of[first]) / (last - first)
    return found


def _of_boxes(outline: Outline, sums: _Sums) -> dict[str, Floats]:
    boxes = outline.boxes
    place = {box: index for index, box in enumerate(boxes)}
    parents = np.array([place[box.parent] if box.parent else 0 for box in boxes])
    first, last = np.array([box.first for box in boxes]), np.array([box.last for box in boxes])
    words, count = sums.words[last] - sums.words[first], last - first
    pictures, controls = (of[last] - of[first] for of in (sums.pictures, sums.controls))
    of_box = {
        "content": sums.between(sums.content, first, last),
        "content share": (sums.content[last] - sums.content[first]) / max(sums.content[-1], 1e-3),
        "words": words,
        "words share": words / sums.words[-1],
        "linked": sums.between(sums.links, first, last),
        "prose": sums.between(sums.prose, first, last),
        "runs": count,
        "pictures": pictures,
        "controls": controls,
        "pictures a run": pictures / np.maximum(count, 1),
        "controls a run": controls / np.maximum(count, 1),
        "alike": np.array([box.parent.children[box.signature] if box.parent else 0 for box in boxes]),
    }
    found: dict[str, Floats] = {}
    at, level = np.array([place[run.box] for run in outline.runs]), 1
    for wanted in LEVELS:
        for _ in range(wanted - level):
            at = parents[at]
        level = wanted
        found |= {f"box {level} {name}": values[at] for name, values in of_box.items()}
    return found


def _of_alike(outline: Outline, words: Floats, first_look: Floats) -> dict[str, Floats]:
    """Of all runs in boxes that look alike: how many, their words, and what is content of them."""
    kinds: dict[str, int] = {}
    of_box: dict[Box, int] = {}
    for run in outline.runs:
        if run.box not in of_box:
            of_box[run.box] = kinds.setdefault(_look(run.box), len(kinds))
    kind = np.array([of_box[run.box] for run in outline.runs])
    count, total = np.bincount(kind), np.bincount(kind, words)
    return {
        "alike runs": count[kind],
        "alike words": (total / count)[kind],
        "alike words share": (total / words.sum())[kind],
        "alike content": (np.bincount(kind, words * first_look) / total)[kind],
        "alike odds": (np.bincount(kind, odds(first_look)) / count)[kind],
    }


def _look(box: Box) -> str:
    look: list[str] = []
    step: Box | None = box
    while step is not None and len(look) < ALIKE_LEVELS:
        look.append(step.signature)
        step = step.parent
    return "/".join(look)


def _of_cores(outline: Outline, sums: _Sums) -> dict[str, Floats]:
    """How far before (below 0) or after the box with most of the prose a run is, and how much of the page that has."""
    index = np.arange(len(outline.runs))
    found: dict[str, Floats] = {}
    cores = core_boxes(outline)
    for name in CORES:
        core = cores.get(name)
        away, part = np.full(len(index), -999.0), np.array(-1.0)
        if core is not None:
            away = np.where(index < core.first, index - core.first, np.maximum(index - core.last + 1, 0))
            part = np.array((sums.words[core.last] - sums.words[core.first]) / sums.words[-1])
        found |= {f"{name} away": away, f"{name} share": part}
    return found
