"""Classifies the runs of a page: the probability that each is main content (not navigation, advertising …).

Two stages (stacking). A logistic regression rates each run by its own features (`scorecard.json`); gradient-boosted
trees then rate it among its neighbours, with the first stage's results among their features (`forest.json`). Both
are trained by `tests/benchmarks/learn_scorecard.py` on the WCXB sample (Murrough Foley 2026, CC-BY-4.0).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.boxes import Outline
from tasks.web.content.context_features import context_features
from tasks.web.content.forest import Forest, load_forest
from tasks.web.content.page_type import PageType
from tasks.web.content.run_features import find_run_features
from tasks.web.content.scorecard import Scorecard, load_scorecard, run_probability

CALIBRATION = 0.6
"""Factor on the first stage's log-odds (temperature scaling): runs of a page are not independent of each other, so
their uncalibrated probabilities are overconfident."""


@dataclass(frozen=True, eq=False)
class ContentClassifier:
    """The trained models of both stages."""

    scorecard: Scorecard
    forest: Forest

    def page_type(self, page_features: list[str]) -> PageType:
        """Return the most likely type of the page."""
        return list(PageType)[int(self.scorecard.page_types(page_features).argmax())]

    def probabilities(self, outline: Outline, title: str, page_features: list[str]) -> list[float]:
        """Return the probability that each run is content; `title` is the page's."""
        types = self.scorecard.page_types(page_features)
        first = first_stage(self.scorecard, types, find_run_features(outline, title))
        _, rows = context_features(outline, title, types, first)
        return self.forest.probabilities(rows)


def first_stage(scorecard: Scorecard, types: NDArray[np.float64], features: list[list[str]]) -> list[float]:
    """Return the probability that each run is content by its own features; `types`: those of the page's types."""
    weights = scorecard.run_weights(types)
    return [run_probability(weights, found, CALIBRATION) for found in features]


@lru_cache(maxsize=1)
def load_classifier() -> ContentClassifier:
    """Load the models shipped with the product."""
    return ContentClassifier(load_scorecard(), load_forest())
