"""The embedder interface and its vectors; implemented by OpenAI's protocol and by the local model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.core.database import VECTOR_DIMENSIONS
from tasks.core.errors import EmbeddingFailed

Vector = NDArray[np.float32]
"""Unit length, 1536 numbers."""


@dataclass
class Usage:
    """What an embedder has been asked for so far."""

    calls: int = 0
    inputs: int = 0
    tokens: int = 0
    """As the service counts them."""


class Embedder(Protocol):
    """Turns text into vectors."""

    model: str
    """Name of the model; vectors of different models are never compared."""
    price: float | None
    """US dollars for a million tokens; absent: not known."""
    usage: Usage

    async def embed(self, texts: Sequence[str]) -> list[Vector | EmbeddingFailed]:
        """A vector for each text, in order, or why there is none.

        Raises:
            EmbeddingFailed: the service is out of reach, after its own retries.
            EmbeddingRefused: it refuses us (key, credit); asking again cannot help.
        """
        ...


def to_vector(numbers: Sequence[float] | NDArray[np.float32]) -> Vector:
    """The numbers at unit length, padded with zeros (cosine unchanged).

    Raises:
        EmbeddingFailed: too many numbers, not finite, or all zero.
    """
    array = np.asarray(numbers, dtype=np.float32)
    if array.ndim != 1 or not 0 < array.size <= VECTOR_DIMENSIONS:
        raise EmbeddingFailed(f"the embedding has {array.size} dimensions, at most {VECTOR_DIMENSIONS} fit")
    length = float(np.linalg.norm(array))
    if not np.isfinite(length) or length == 0:
        raise EmbeddingFailed("the embedding is not a finite vector")
    return pad(array / length)


def pad(array: NDArray[np.float32]) -> Vector:
    """The array followed by zeros."""
    vector = np.zeros(VECTOR_DIMENSIONS, dtype=np.float32)
    vector[: array.size] = array
    return vector
