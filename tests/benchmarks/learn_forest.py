"""Gradient boosting by scikit-learn, exported as the complete trees of `tasks.web.content.forest`.

`HistGradientBoostingClassifier` bins its inputs as LightGBM does (Ke et al., 2017). Labels are shares between 0 and 1.
The same examples give the same trees.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

TREES, DEPTH, RATE = 200, 4, 0.06
BINS = 48
RIDGE = 5.0
MIN_SAMPLES = 150
"""Least number of examples in a leaf."""
SHARE_OF_INPUTS = 0.3
"""Share of the inputs, drawn at random, that a node chooses its own from."""
NEVER = 1e30
"""The threshold of a node that sends every row to the left."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Tree = tuple[list[int], list[float], list[float]]
"""Columns and thresholds of the inner nodes, by level from the left; values of the leaves."""


def split_shares(labels: Floats, weights: Floats) -> tuple[Ints, Ints, Floats]:
    """Return rows, classes and weights for a classifier that takes no shares.

    An example with the label 0.3 becomes a positive one with 30 % of its weight and a negative one with 70 %.
    """
    positive, negative = np.flatnonzero(labels > 0), np.flatnonzero(labels < 1)
    rows = np.concatenate([positive, negative])
    classes = np.repeat([1, 0], [len(positive), len(negative)])
    return rows, classes, weights[rows] * np.where(classes, labels[rows], 1 - labels[rows])


def grow_forest(rows: NDArray[np.float32], labels: Floats, weights: Floats) -> list[Tree]:
    """Return trees whose values add up to the log-odds of the labels."""
    examples, classes, shares = split_shares(labels, weights)
    model = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_depth=DEPTH,
        max_leaf_nodes=2**DEPTH,
        learning_rate=RATE,
        l2_regularization=RIDGE,
        min_samples_leaf=MIN_SAMPLES,
        max_features=SHARE_OF_INPUTS,
        max_bins=BINS,
        early_stopping=False,
        random_state=1,
    ).fit(rows[examples], classes, shares)
    # scikit-learn has no public access to these trees; its version is locked.
    trees = [_complete(predictor.nodes) for (predictor,) in model._predictors]
    columns, thresholds, leaves = trees[0]
    start = float(model._baseline_prediction.item())
    return [(columns, thresholds, [value + start for value in leaves]), *trees[1:]]


def _complete(nodes: NDArray[Any]) -> Tree:
    """Fill a tree up to its full depth: below a leaf that is higher up, every row goes left."""
    inner = 2**DEPTH - 1
    columns, thresholds, leaves = [0] * inner, [NEVER] * inner, [0.0] * (inner + 1)
    waiting = [(0, 0)]
    while waiting:
        at, node = waiting.pop()
        if at >= inner:
            leaves[at - inner] = float(nodes[node]["value"])
        elif nodes[node]["is_leaf"]:
            waiting.append((2 * at + 1, node))
        else:
            columns[at] = int(nodes[node]["feature_idx"])
            thresholds[at] = float(nodes[node]["num_threshold"])
            waiting += [(2 * at + 1, int(nodes[node]["left"])), (2 * at + 2, int(nodes[node]["right"]))]
    return columns, thresholds, leaves
