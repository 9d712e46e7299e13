"""The local provider: the model that needs no key and no network, in a child process."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from numpy.typing import NDArray

from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedding.embedder import Usage, Vector, to_vector
from tasks.knowledge.embedding.local_model import embed_locally, is_loaded
from tasks.knowledge.embedding.tokens import LOCAL_MODEL

AT_ONCE = 1_000
"""Characters embedded where we are, in a third of a millisecond: a question waits longer for its turn in a thread."""


class LocalEmbedder:
    """Embeds on an executor, away from the event loop; a question at once."""

    model = LOCAL_MODEL
    price: float | None = 0.0

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self.usage = Usage()

    async def embed(self, texts: Sequence[str]) -> list[Vector | EmbeddingFailed]:
        """A vector for each text; text without a single token has none.

        Raises:
            EmbeddingFailed: the process that embeds crashed (retriable).
        """
        if not texts:
            return []
        try:
            rows = await self._run(list(texts))
        except BrokenProcessPool as error:
            raise EmbeddingFailed("the embedding process crashed", retriable=True) from error
        self.usage.calls += 1
        self.usage.inputs += len(texts)
        return [_vector_or_failure(row) for row in rows]

    async def _run(self, texts: list[str]) -> NDArray[np.float32]:
        if is_loaded() and sum(map(len, texts)) <= AT_ONCE:
            return embed_locally(texts)
        return await asyncio.get_running_loop().run_in_executor(self._executor, embed_locally, texts)


def _vector_or_failure(row: NDArray[np.float32]) -> Vector | EmbeddingFailed:
    try:
        return to_vector(row)
    except EmbeddingFailed as error:
        return error
