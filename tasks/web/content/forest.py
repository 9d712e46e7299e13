"""Gradient-boosted trees: the second stage of the content classifier, over the context features of a run.

`forest.json` has one tree per line, trained by `python -m tests.benchmarks.learn_scorecard` on the WCXB sample: the
features and thresholds at the forks of a complete binary tree, level by level, and the values of its leaves. The
leaf values of all trees add up to the log-odds that a run is content.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("forest.json")
ROWS_AT_ONCE = 256
"""Runs evaluated per batch, so that the intermediate arrays stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of equal depth, one per row."""

    inputs: tuple[str, ...]
    """Names of the features, in the order of the input columns."""
    columns: NDArray[np.intp]
    """Feature index of each fork; fork i leads to fork 2i + 1 or, above the threshold, to 2i + 2."""
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]

    def probabilities(self, rows: NDArray[np.float32]) -> list[float]:
        """Return the probability that each row's run is content."""
        parts = [self._log_odds(rows[at : at + ROWS_AT_ONCE]) for at in range(0, len(rows), ROWS_AT_ONCE)]
        log_odds = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        probabilities: list[float] = (1 / (1 + np.exp(-log_odds))).tolist()
        return probabilities

    def _log_odds(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        forks = self.columns.shape[1]
        trees, runs = np.arange(len(self.columns)), np.arange(len(rows))[:, None]
        at = np.zeros((len(rows), len(trees)), np.intp)
        while forks > at[0, 0]:
            is_above = rows[runs, self.columns[trees, at]] > self.thresholds[trees, at]
            at = 2 * at + 1 + is_above
        log_odds: NDArray[np.float32] = self.leaves[trees, at - forks].sum(axis=1)
        return log_odds


@lru_cache(maxsize=1)
def load_forest(file: Path = FILE) -> Forest:
    """Load the trees shipped with the product."""
    return make_forest(json.loads(file.read_text(encoding="utf-8")))


def make_forest(table: dict[str, list[list[list[float]]]]) -> Forest:
    """Build the trees from their JSON table."""
    columns, thresholds, leaves = zip(*table["trees"], strict=True)
    return Forest(
        inputs=tuple(map(str, table["inputs"])),
        columns=np.array(columns, np.intp),
        thresholds=np.array(thresholds, np.float32),
        leaves=np.array(leaves, np.float32),
    )
