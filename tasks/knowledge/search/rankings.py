"""The rankings of a search, and their weights in a passage's score."""

from enum import StrEnum
from typing import NamedTuple

from tasks.knowledge.embedding.tokens import LOCAL_MODEL

PAGE_WEIGHT = 0.5
"""Weight of the page vector's distance beside the passage's in the ranking by meaning."""
RANK_CONSTANT = 10
"""In a ranking by meaning a rank is worth (RANK_CONSTANT + 1) / (RANK_CONSTANT + rank): the first 1."""
HEADING_WEIGHT = 0.4
"""Weight of the square of a heading's likeness to the question: a heading that says the same counts much, one that has
half of its words little."""
NAVIGATION_WEIGHT = 0.7
"""Factor on the score of a page of links."""
NAVIGATION_SHARE = 0.7
"""Share of a page's words in links from which it is a page of links."""


class RankingWeights(NamedTuple):
    """Weights of what a passage's score is made of."""

    passage: float
    """Of its rank by meaning."""
    page: float
    """Of its page's rank by meaning."""
    words: float = 1.0
    """Of its BM25, relative to the best."""


MODEL_WEIGHTS = {LOCAL_MODEL: RankingWeights(passage=0.05, page=0.05)}
"""The local model, a bag of words, knows little that the words themselves do not say.

Chosen, with the heading's weight, on the halves in view of `tests/benchmarks/known_answers.py` (FAQ, and XQuAD in
English, German and Thai).
"""
DEFAULT_WEIGHTS = RankingWeights(passage=1.0, page=0.0)
"""Weights for other models, by ranks alone: no model's cosines are in them.

With all-MiniLM-L6-v2 (`tests/benchmarks/hybrid.py`), reciprocal rank by words, by meaning and by both: 0.969, 0.940 and
0.983 on the half in view, 0.960, 0.950 and 0.970 on the other.
"""
RECALL_WEIGHTS = RankingWeights(passage=0.4, page=0.1)
"""Weights for passages that are scored again: whatever any ranking finds."""


class Ranking(StrEnum):
    """The rankings that a search uses."""

    vector = "vector"
    text = "text"
    both = "both"
