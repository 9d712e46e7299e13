"""The second look at the runs of a page: decision trees over what surrounds each, learned like the scorecard.

`forest.json` is a table, a tree a line, made by `python -m tests.benchmarks.learn_scorecard`: the inputs and thresholds
of a complete binary tree's forks, by level, and the values of its leaves. The values of all trees add up to the
log-odds of a run's being content (gradient boosting).
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("forest.json")
ROWS_AT_ONCE = 256
"""What is looked up for so many runs stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of one depth, a row each."""

    inputs: tuple[str, ...]
    """Names of the numbers that are looked at, in order."""
    columns: NDArray[np.intp]
    """Of each fork, the index of its input; the forks below fork i are 2i + 1 and, above the threshold, 2i + 2."""
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]

    def chances(self, rows: NDArray[np.float32]) -> list[float]:
        """How likely each row's run is content."""
        parts = [self._odds(rows[at : at + ROWS_AT_ONCE]) for at in range(0, len(rows), ROWS_AT_ONCE)]
        odds = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        chances: list[float] = (1 / (1 + np.exp(-odds))).tolist()
        return chances

    def _odds(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        forks = self.columns.shape[1]
        trees, runs = np.arange(len(self.columns)), np.arange(len(rows))[:, None]
        at = np.zeros((len(rows), len(trees)), np.intp)
        while forks > at[0, 0]:
            is_above = rows[runs, self.columns[trees, at]] > self.thresholds[trees, at]
            at = 2 * at + 1 + is_above
        odds: NDArray[np.float32] = self.leaves[trees, at - forks].sum(axis=1)
        return odds


@lru_cache(maxsize=1)
def load_forest(file: Path = FILE) -> Forest:
    """The trees that come with the product."""
    return make_forest(json.loads(file.read_text(encoding="utf-8")))


def make_forest(table: dict[str, list[list[list[float]]]]) -> Forest:
    """Trees from their table."""
    columns, thresholds, leaves = zip(*table["trees"], strict=True)
    return Forest(
        inputs=tuple(map(str, table["inputs"])),
        columns=np.array(columns, np.intp),
        thresholds=np.array(thresholds, np.float32),
        leaves=np.array(leaves, np.float32),
    )
