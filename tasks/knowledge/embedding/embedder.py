"""The embedder interface and its vectors; implemented by OpenAI's protocol and by the local model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.core.database import VECTOR_DIMENSIONS
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedding.tokens import LOCAL_MODEL

Vector = NDArray[np.float32]
"""Unit length, 1536 numbers."""

LEAD_DIMENSIONS = 256
"""Leading dimensions of a vector that are compared first: all of the local model's; OpenAI's models are trained so that
prefixes can be compared (Matryoshka representations, NeurIPS 2022)."""


@dataclass
class Usage:
    """An embedder's usage since it was opened."""

    calls: int = 0
    inputs: int = 0
    tokens: int = 0
    """Billed tokens, as counted by the service."""
    cached: int = 0
    """Texts whose vectors were in the cache."""


class Embedder(Protocol):
    """The interface of an embedding provider."""

    model: str
    """Model name; vectors of different models are never compared."""
    price: float | None
    """US dollars per million tokens; absent when unknown."""
    usage: Usage

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """Return a vector or a failure for each text, in order; `into`, if given, is filled as they arrive.

        Raises:
            EmbeddingFailed: a part of ours is out of reach: the embedding process, or the database (retriable).
            EmbeddingRefused: the service rejects the account (key, credit); retrying cannot help.
            EmbeddingUnavailable: the service answers nothing, after the provider's own retries.
        """
        ...


def to_vector(numbers: Sequence[float] | NDArray[np.float32]) -> Vector:
    """Normalize the numbers to unit length and pad them with zeros (cosine unchanged).

    Raises:
        EmbeddingFailed: too many numbers, not finite, or all zero.
    """
    array = np.asarray(numbers, dtype=np.float32)
    if array.ndim != 1 or not 0 < array.size <= VECTOR_DIMENSIONS:
        raise EmbeddingFailed(f"the embedding has {array.size} dimensions; at most {VECTOR_DIMENSIONS} can be stored")
    length = float(np.linalg.norm(array))
    if not np.isfinite(length) or length == 0:
        raise EmbeddingFailed("the embedding is not a finite vector")
    return pad(array / length)


def pad(array: NDArray[np.float32]) -> Vector:
    """Pad the array with zeros to the width of the database column."""
    vector = np.zeros(VECTOR_DIMENSIONS, dtype=np.float32)
    vector[: array.size] = array
    return vector


def stored_dimensions(model: str) -> int:
    """Return the number of dimensions in which the model's vectors are stored."""
    return LEAD_DIMENSIONS if model == LOCAL_MODEL else VECTOR_DIMENSIONS
