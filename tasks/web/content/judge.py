"""How likely each run of a page's text is its content: a look at each by itself, then one at each among the others."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tasks.web.content.boxes import Outline
from tasks.web.content.forest import Forest, load_forest
from tasks.web.content.page_type import PageType
from tasks.web.content.scorecard import Scorecard, chance, load_scorecard
from tasks.web.content.surroundings import surroundings
from tasks.web.content.traits import find_traits

TEMPER = 0.6
"""Runs of a page are right or wrong together: their odds, taken each for itself, are too sure of themselves."""


@dataclass(frozen=True, eq=False)
class Judge:
    """What has been learned for both looks."""

    scorecard: Scorecard
    forest: Forest

    def page_type(self, page_traits: list[str]) -> PageType:
        """What the page most likely is."""
        return list(PageType)[int(self.scorecard.page_types(page_traits).argmax())]

    def chances(self, outline: Outline, title: str, page_traits: list[str]) -> list[float]:
        """How likely each run is content; `title` is the page's."""
        types = self.scorecard.page_types(page_traits)
        first = first_look(self.scorecard, types, find_traits(outline, title))
        _, rows = surroundings(outline, title, types, first)
        return self.forest.chances(rows)


def first_look(scorecard: Scorecard, types: NDArray[np.float64], traits: list[list[str]]) -> list[float]:
    """How likely each run is content by its own traits, on a page that is this likely of each type."""
    weights = scorecard.run_weights(types)
    return [chance(weights, found, TEMPER) for found in traits]


@lru_cache(maxsize=1)
def load_judge() -> Judge:
    """With the tables that come with the product."""
    return Judge(load_scorecard(), load_forest())
