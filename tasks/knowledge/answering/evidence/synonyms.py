"""Query expansion: synonyms by the local model's vectors, as "cost" and "price", "warranty" and "guarantee".

A name or a number has no synonym. Measured on pairs of words: synonyms have a cosine of 0.54 and more ("big" and
"large" 0.74), other words of one field at most 0.45 ("PostgreSQL" and "MySQL" 0.35, "tea" and "coffee" 0.17).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.knowledge.embedding.local_model import embed_locally

MIN_COSINE = 0.5
"""Cosine from which a word counts as a synonym, with the cosine as its credit."""
MAX_CACHED_WORDS = 20_000
"""Words whose vectors are cached."""

_cached: dict[str, NDArray[np.float32]] = {}


def find_synonyms(wanted: Sequence[str], words: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return for each wanted word the stems of its synonyms, with their credit up to 1.

    `words` are the words of the passages, each with its stem.
    """
    if not wanted or not words:
        return {}
    listed = list(words)
    cosines = _vectors(wanted) @ _vectors(listed).T
    found: dict[str, dict[str, float]] = {}
    for word, row in zip(wanted, cosines, strict=True):
        near = [(words[listed[at]], float(row[at])) for at in np.flatnonzero(row >= MIN_COSINE)]
        found[word] = {stem: min(1.0, cosine) for stem, cosine in sorted(near, key=lambda pair: pair[1])}
    return found


def _vectors(words: Sequence[str]) -> NDArray[np.float32]:
    unknown = [word for word in dict.fromkeys(words) if word not in _cached]
    if len(_cached) + len(unknown) > MAX_CACHED_WORDS:
        _cached.clear()
        unknown = list(dict.fromkeys(words))
    if unknown:
        _cached.update(zip(unknown, embed_locally(unknown), strict=True))
    return np.stack([_cached[word] for word in words])
