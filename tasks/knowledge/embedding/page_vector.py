"""The vector of a whole page, from the vectors of its chunks."""

from collections.abc import Sequence

import numpy as np

from tasks.knowledge.embedding.embedder import Vector, to_vector

OVERVIEW_WEIGHT = 0.25
"""Weight of the overview beside the chunks. Right pages ranked first for 76 questions on the Python documentation:
56 at 0, 57 at 0.25, 56 at 0.5, 54 at 1."""


def page_vector(overview: Vector, chunk_vectors: Sequence[Vector], token_counts: Sequence[int]) -> Vector:
    """Return the mean of the chunk vectors, weighted by the square root of their tokens, plus the overview."""
    weights = np.sqrt(np.asarray(token_counts, dtype=np.float32) + 1)
    body = np.average(np.stack(chunk_vectors), axis=0, weights=weights)
    length = float(np.linalg.norm(body)) or 1.0
    return to_vector(OVERVIEW_WEIGHT * overview + body / length)
