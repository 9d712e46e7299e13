"""The rankings of a search, and their weights in reciprocal rank fusion."""

from enum import StrEnum
from typing import NamedTuple

from tasks.knowledge.embedding.tokens import LOCAL_MODEL

PAGE_WEIGHT = 0.5
"""Weight of the page vector's distance beside the passage's in the ranking by meaning."""
RANK_CONSTANT = 10
"""The constant of reciprocal rank fusion: a rank is worth weight / (RANK_CONSTANT + rank)."""


class RankingWeights(NamedTuple):
    """Weights of the rankings by meaning; the ranking by words weighs 1."""

    passage: float
    page: float


MODEL_WEIGHTS = {LOCAL_MODEL: RankingWeights(passage=0.1, page=1.0)}
"""The local model, a bag of words, separates pages better than passages.

Chosen on every other question of `tests/benchmarks/rankings.py`; nDCG@10 on the others by words, by meaning, by both
with equal weights, and with these: Python documentation 0.79, 0.81, 0.87, 0.87; chunking evaluation 0.84, 0.66, 0.75,
0.84.
"""
DEFAULT_WEIGHTS = RankingWeights(passage=1.0, page=0.0)
"""Weights for other models."""
RECALL_WEIGHTS = RankingWeights(passage=1.0, page=1.0)
"""Weights for passages that are scored again: whatever any ranking finds."""


class Ranking(StrEnum):
    """The rankings that a search uses."""

    vector = "vector"
    text = "text"
    both = "both"
