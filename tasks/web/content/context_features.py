"""Context features of a run, the inputs of the second stage: the first stage's results for its neighbours, for its
boxes, and for the runs of similar boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.boxes import HEADINGS, Box, Outline
from tasks.web.content.page_type import PageType
from tasks.web.content.run_features import CORES, core_boxes, is_prose
from tasks.web.content.sections import NOWHERE, section_features
from tasks.web.content.selection import best_threshold

Floats = NDArray[np.float64]

NEAR = (-3, -2, -1, 1, 2, 3)
"""Distances of the neighbouring runs."""
WINDOWS = (2, 5, 12, 30)
"""Sizes of the sliding windows, in runs to either side."""
LEVELS = (1, 2, 3, 4, 5, 7, 9)
"""Boxes around a run, by level from the innermost."""
ALIKE_LEVELS = 3
"""Boxes are similar if tags and classes are equal for this many levels upwards."""


def log_odds(probabilities: Floats) -> Floats:
    """Return the log-odds of the probabilities, within ±9."""
    bounded = np.clip(probabilities, 1e-4, 1 - 1e-4)
    result: Floats = np.log(bounded / (1 - bounded))
    return result


@dataclass(frozen=True, eq=False)
class _Sums:
    """Cumulative sums over the runs."""

    words: Floats
    links: Floats
    prose: Floats
    content: Floats
    """Expected content words: words times probability."""
    pictures: Floats
    controls: Floats

    def between(self, sums: Floats, first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
        """Share of the words between first and last (exclusive) that `sums` counts."""
        words = self.words[last] - self.words[first]
        part: Floats = (sums[last] - sums[first]) / np.maximum(words, 1)
        return np.where(words > 0, part, -1.0)


def context_features(
    outline: Outline, title: str, types: Floats, probabilities: Sequence[float]
) -> tuple[list[str], NDArray[np.float32]]:
    """Return the names of the features, and a row of them for each run.

    `probabilities`: the first stage's results; `types`: probabilities of the page's types.
    """
    runs, first_stage = outline.runs, np.array(probabilities)
    words = np.array([run.words for run in runs], float)
    links = np.array([run.link_words for run in runs], float)
    prose = np.array([run.words if is_prose(run) else 0 for run in runs], float)
    pictures = np.array([run.pictures for run in runs], float)
    controls = np.array([run.controls for run in runs], float)
    counted = (words, links, prose, words * first_stage, pictures, controls)
    sums = _Sums(*(np.concatenate(([0.0], np.cumsum(part))) for part in counted))
    first_log_odds = log_odds(first_stage)
    found: dict[str, Floats] = {
        **_of_page(sums, types, len(runs)),
        **_of_place(outline, sums, title),
        **_of_neighbours(first_log_odds, words, links / words),
        **_of_pictures_and_controls(pictures, controls),
        **_of_windows(sums, len(runs)),
        **_of_boxes(outline, sums),
        **_of_alike(outline, words, first_stage),
        **_of_cores(outline, sums),
        **_of_threshold(words, first_stage, sums),
        **section_features(outline, first_log_odds, sums.words, sums.content),
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


def _of_threshold(words: Floats, first_stage: Floats, sums: _Sums) -> dict[str, Floats]:
    """Features of the first stage's own threshold, and of the first and last run that it would keep."""
    threshold = np.array(best_threshold(words.tolist(), first_stage.tolist()))
    kept = np.flatnonzero(first_stage >= threshold)
    index = np.arange(len(words))
    return {
        "threshold": threshold,
        "odds above threshold": log_odds(first_stage) - log_odds(threshold),
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


def _of_neighbours(first_log_odds: Floats, words: Floats, linked: Floats) -> dict[str, Floats]:
    found = {"odds": first_log_odds, "words": words, "linked": linked}
    for distance in NEAR:
        for name, values in (("odds", first_log_odds), ("words", words), ("linked", linked)):
            found[f"{name} at {distance:+}"] = _shifted(values, distance)
    return found


def _of_pictures_and_controls(pictures: Floats, controls: Floats) -> dict[str, Floats]:
    """Pictures and controls with each run and with the next."""
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


def _of_alike(outline: Outline, words: Floats, first_stage: Floats) -> dict[str, Floats]:
    """Features of all runs in similar boxes: number, words, and share of content."""
    kinds: dict[str, int] = {}
    of_box: dict[Box, int] = {}
    for run in outline.runs:
        if run.box not in of_box:
            of_box[run.box] = kinds.setdefault(_similarity_key(run.box), len(kinds))
    kind = np.array([of_box[run.box] for run in outline.runs])
    count, total = np.bincount(kind), np.bincount(kind, words)
    return {
        "alike runs": count[kind],
        "alike words": (total / count)[kind],
        "alike words share": (total / words.sum())[kind],
        "alike content": (np.bincount(kind, words * first_stage) / total)[kind],
        "alike odds": (np.bincount(kind, log_odds(first_stage)) / count)[kind],
    }


def _similarity_key(box: Box) -> str:
    signatures: list[str] = []
    step: Box | None = box
    while step is not None and len(signatures) < ALIKE_LEVELS:
        signatures.append(step.signature)
        step = step.parent
    return "/".join(signatures)


def _of_cores(outline: Outline, sums: _Sums) -> dict[str, Floats]:
    """Distance of a run before (negative) or after the box with most of the prose, and that box's share of the page."""
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
