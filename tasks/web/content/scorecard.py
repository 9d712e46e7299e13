"""Logistic regressions with named features: the page's type, and the first stage of the content classifier.

`scorecard.json` has the weights, one feature per line, trained by `python -m tests.benchmarks.learn_scorecard` on
pages of WCXB whose content people had marked; its head names the source. The weights of a page's features add up to
the scores of the page types (softmax). The weights of a run's features add up to its log-odds of being content: each
feature has a weight for all pages and one per page type, multiplied by the probability of that type.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.page_type import PageType

FILE = Path(__file__).with_name("scorecard.json")
BIAS = "always"
"""Name of the intercept, a feature that every page and run has."""


@dataclass(frozen=True, eq=False)
class Scorecard:
    """The weights of both regressions, by feature."""

    page: dict[str, NDArray[np.float64]]
    """By feature of pages: a weight for each page type."""
    names: tuple[str, ...]
    """Names of the features of runs …"""
    run: NDArray[np.float64]
    """… and a row of weights for each: first for all pages, then for each page type."""

    def page_types(self, features: Iterable[str]) -> NDArray[np.float64]:
        """Return the probability of each page type, in the order of `PageType`."""
        total = np.array(self.page[BIAS])
        for feature in features:
            if (weights := self.page.get(feature)) is not None:
                total += weights
        exponentials = np.exp(total - total.max())
        probabilities: NDArray[np.float64] = exponentials / exponentials.sum()
        return probabilities

    def run_weights(self, types: NDArray[np.float64]) -> dict[str, float]:
        """Return the weight of each feature for a page with these probabilities of the types."""
        return dict(zip(self.names, (self.run[:, 0] + self.run[:, 1:] @ types).tolist(), strict=True))


def run_probability(weights: dict[str, float], features: Iterable[str], calibration: float) -> float:
    """Return the probability that a run with these features is content; `calibration` scales the log-odds."""
    get = weights.get
    total = weights[BIAS]
    for feature in features:
        total += get(feature, 0.0)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total * calibration))))


@lru_cache(maxsize=1)
def load_scorecard(file: Path = FILE) -> Scorecard:
    """Load the weights shipped with the product."""
    table = json.loads(file.read_text(encoding="utf-8"))
    assert table["types"] == [str(name) for name in PageType]
    return make_scorecard(table)


def make_scorecard(table: dict[str, dict[str, list[float]]]) -> Scorecard:
    """Build the weights from their JSON table."""
    return Scorecard(
        page={feature: np.array(weights) for feature, weights in table["page"].items()},
        names=tuple(table["run"]),
        run=np.array(list(table["run"].values())),
    )
