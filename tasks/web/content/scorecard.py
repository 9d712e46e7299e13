"""What each trait of a page and of a run of text weighs: learned from pages whose content people had marked.

`scorecard.json` is a table, a trait a line, made by `python -m tests.benchmarks.learn_scorecard`; its head names the
source. A page's traits add up to how likely it is of each type; a run's traits add up to the log-odds of its being
content, each with a weight for all pages and one for each type, by how likely the page is of that type.
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
"""The trait that everything has."""


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Weights by trait."""

    page: dict[str, NDArray[np.float64]]
    """A weight for each page type."""
    names: tuple[str, ...]
    """Traits of runs …"""
    run: NDArray[np.float64]
    """… and a row of weights for each: for all pages, then for each page type."""

    def page_types(self, traits: Iterable[str]) -> NDArray[np.float64]:
        """How likely the page is of each type, in the order of `PageType`; the sum is 1."""
        total = np.array(self.page[BIAS])
        for trait in traits:
            if (weights := self.page.get(trait)) is not None:
                total += weights
        odds = np.exp(total - total.max())
        chances: NDArray[np.float64] = odds / odds.sum()
        return chances

    def run_weights(self, types: NDArray[np.float64]) -> dict[str, float]:
        """What each trait weighs on a page that is this likely of each type."""
        return dict(zip(self.names, (self.run[:, 0] + self.run[:, 1:] @ types).tolist(), strict=True))


def chance(weights: dict[str, float], traits: Iterable[str], temper: float) -> float:
    """How likely a run with these traits is content; below 1, `temper` makes it less sure of itself."""
    get = weights.get
    total = weights[BIAS]
    for trait in traits:
        total += get(trait, 0.0)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total * temper))))


@lru_cache(maxsize=1)
def load_scorecard(file: Path = FILE) -> Scorecard:
    """The table that comes with the product."""
    table = json.loads(file.read_text(encoding="utf-8"))
    assert table["types"] == [str(name) for name in PageType]
    return make_scorecard(table)


def make_scorecard(table: dict[str, dict[str, list[float]]]) -> Scorecard:
    """Weights from their table."""
    return Scorecard(
        page={trait: np.array(weights) for trait, weights in table["page"].items()},
        names=tuple(table["run"]),
        run=np.array(list(table["run"].values())),
    )
