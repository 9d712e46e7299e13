"""Gradient boosting of complete decision trees for labels between 0 and 1: the same examples give the same trees.

Friedman (2001); with second derivatives and an L2 penalty on the leaves as in XGBoost (Chen and Guestrin,
2016), and binned inputs as in LightGBM (Ke et al., 2017), whose trees are not better here.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TREES, DEPTH, RATE = 200, 4, 0.06
BINS = 48
RIDGE = 5.0
LEAST_WEIGHT = 5.0
"""Least sum of second derivatives on either side of a split."""
SHARE_OF_INPUTS, SHARE_OF_ROWS = 0.3, 0.7
"""Shares of the columns and rows, drawn at random, that a tree is grown from."""
NEVER = 1e30
"""The threshold of a node that sends every row to the left."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Tree = tuple[list[int], list[float], list[float]]
"""Columns and thresholds of the inner nodes, by level from the left; values of the leaves."""


def grow_forest(rows: NDArray[np.float32], labels: Floats, weights: Floats) -> list[Tree]:
    """Return trees whose values add up to the log-odds of the labels."""
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    edges = [np.unique(np.quantile(column, shares)) for column in rows.T]
    bins = np.stack([np.searchsorted(of, column) for of, column in zip(edges, rows.T, strict=True)])
    rng = np.random.default_rng(1)
    mean = np.average(labels, weights=weights)
    start = np.log(mean / (1 - mean))
    odds = np.full(len(labels), start)
    trees: list[Tree] = []
    for _ in range(TREES):
        chances = 1 / (1 + np.exp(-odds))
        slopes, curves = weights * (chances - labels), weights * chances * (1 - chances)
        drawn = rng.random(len(labels)) < SHARE_OF_ROWS
        columns = np.sort(rng.choice(len(bins), max(1, int(len(bins) * SHARE_OF_INPUTS)), replace=False))
        splits = list(_split(bins[np.ix_(columns, drawn)], slopes[drawn], curves[drawn]))
        split_columns = np.concatenate([columns[inputs] for inputs, _ in splits])
        split_edges = np.concatenate([at for _, at in splits])
        leaf = _leaves_of(bins, split_columns, split_edges)
        leaves = -RATE * _sums(leaf[drawn], slopes[drawn]) / (_sums(leaf[drawn], curves[drawn]) + RIDGE)
        odds += leaves[leaf]
        thresholds = [_threshold(edges[column], edge) for column, edge in zip(split_columns, split_edges, strict=True)]
        trees.append((split_columns.tolist(), thresholds, leaves.tolist()))
    return [(trees[0][0], trees[0][1], [value + start for value in trees[0][2]]), *trees[1:]]


def _split(bins: Ints, slopes: Floats, curves: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Yield for each level its nodes' columns of bins, and the bins after which they split."""
    node = np.zeros(len(slopes), np.intp)
    for level in range(DEPTH):
        nodes = np.arange(2**level)
        best, inputs, at = np.zeros(len(nodes)), np.zeros(len(nodes), np.intp), np.full(len(nodes), BINS, np.intp)
        for row, of in enumerate(bins):
            gains = _gains(node * BINS + of, slopes, curves, len(nodes))
            edge = gains.argmax(axis=1)
            gain = gains[nodes, edge]
            is_better = gain > best
            best, inputs, at = (np.where(is_better, new, old) for new, old in ((gain, best), (row, inputs), (edge, at)))
        yield inputs, at
        node = 2 * node + (bins[inputs[node], np.arange(len(node))] > at[node])


def _gains(place: Ints, slopes: Floats, curves: Floats, nodes: int) -> Floats:
    """Return the gain of splitting each node after each bin."""
    slope, curve = (np.bincount(place, of, nodes * BINS).reshape(nodes, BINS).cumsum(axis=1) for of in (slopes, curves))
    slope_after, curve_after = slope[:, -1:] - slope, curve[:, -1:] - curve
    gains: Floats = slope**2 / (curve + RIDGE) + slope_after**2 / (curve_after + RIDGE)
    gains -= slope[:, -1:] ** 2 / (curve[:, -1:] + RIDGE)
    return np.where((curve >= LEAST_WEIGHT) & (curve_after >= LEAST_WEIGHT), gains, 0)


def _leaves_of(bins: Ints, columns: Ints, edges: Ints) -> Ints:
    at = np.zeros(bins.shape[1], np.intp)
    for _ in range(DEPTH):
        at = 2 * at + 1 + (bins[columns[at], np.arange(len(at))] > edges[at])
    return at - len(columns)


def _sums(leaf: Ints, values: Floats) -> Floats:
    sums: Floats = np.bincount(leaf, values, 2**DEPTH)
    return sums


def _threshold(edges: Floats, edge: int) -> float:
    return float(edges[edge]) if edge < len(edges) else NEVER
