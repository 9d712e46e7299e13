"""The vector of a whole page, made from those of its chunks."""

from collections.abc import Sequence

import numpy as np

from tasks.knowledge.embedders import Vector, to_vector


def page_vector(title_vector: Vector, chunk_vectors: Sequence[Vector], token_counts: Sequence[int]) -> Vector:
    """What the page is about: half its title, half the mean of its chunks weighted by length."""
    weights = np.sqrt(np.asarray(token_counts, dtype=np.float32) + 1)
    body = np.average(np.stack(chunk_vectors), axis=0, weights=weights)
    return to_vector(title_vector + body / (np.linalg.norm(body) or 1))
