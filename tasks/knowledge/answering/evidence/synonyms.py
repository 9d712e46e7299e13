"""Query expansion: synonyms by the local model's vectors, as "cost" and "price", "warranty" and "guarantee".

A name or a number has no synonym. Measured on pairs of words: synonyms have a cosine of 0.54 and more ("big" and
"large" 0.74), other words of one field at most 0.45 ("PostgreSQL" and "MySQL" 0.35, "tea" and "coffee" 0.17).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.knowledge.answering.evidence.local_vectors import local_vectors

MIN_COSINE = 0.5
"""Cosine from which a word counts as a synonym, with the cosine as its credit."""


def find_synonyms(wanted: Sequence[str], words: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return for each wanted word the stems of its synonyms, with their credit up to 1.

    `words` are the words of the passages, each with its stem.
    """
    if not wanted or not words:
        return {}
    listed = list(words)
    cosines = word_cosines(wanted, listed)
    found: dict[str, dict[str, float]] = {}
    for word, row in zip(wanted, cosines, strict=True):
        near = [(words[listed[at]], float(row[at])) for at in np.flatnonzero(row >= MIN_COSINE)]
        found[word] = {stem: min(1.0, cosine) for stem, cosine in sorted(near, key=lambda pair: pair[1])}
    return found


def word_cosines(wanted: Sequence[str], words: Sequence[str]) -> NDArray[np.float32]:
    """Return the cosines of wanted words (rows) and others (columns); both have at least one."""
    cosines: NDArray[np.float32] = local_vectors(wanted) @ local_vectors(words).T
    return cosines
