"""Vectors by the local embedding model of words and statements that many questions meet: cached."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.knowledge.embedding.local_model import embed_locally

MAX_CACHED = 20_000
"""Texts whose vectors are cached: 20 MB and the texts."""

Vectors = NDArray[np.float32]

_cached: dict[str, Vectors] = {}


def local_vectors(texts: Sequence[str]) -> Vectors:
    """Return the texts' vectors, unit length, one row each; there is at least one text."""
    # A list of its own: questions are measured in several threads, and any of them may clear the cache.
    found = {text: _cached.get(text) for text in texts}
    unknown = [text for text, vector in found.items() if vector is None]
    if unknown:
        embedded = dict(zip(unknown, embed_locally(unknown), strict=True))
        found.update(embedded)
        if len(_cached) + len(unknown) > MAX_CACHED:
            _cached.clear()
        _cached.update(embedded)
    return np.stack([found[text] for text in texts])  # type: ignore[misc]
