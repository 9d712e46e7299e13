"""The local embedding provider: a model without key and network, run in a child process."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from tasks.core.errors import CallFailed, EmbeddingFailed
from tasks.knowledge.embedding.embedder import Usage, Vector, to_vector
from tasks.knowledge.embedding.local_model import embed_locally, is_loaded
from tasks.knowledge.embedding.tokens import LOCAL_MODEL

INLINE_CHARACTERS = 1_000
"""Characters up to which text is embedded on the event loop, in a third of a millisecond: dispatching a question to a
thread takes longer."""


class LocalEmbedder:
    """Embeds on an executor, off the event loop; a short question inline."""

    model = LOCAL_MODEL
    price: float | None = 0.0

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self.usage = Usage()

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """Return a vector for each text; a text without tokens gets a failure.

        Raises:
            EmbeddingFailed: the embedding process crashed (retriable) or exceeded a limit.
        """
        if not texts:
            return []
        try:
            rows = await self._run(list(texts))
        except CallFailed as error:
            raise EmbeddingFailed(f"embedding failed: {error.message}", retriable=error.retriable) from error
        self.usage.calls += 1
        self.usage.inputs += len(texts)
        results = into if into is not None else []
        results += [_vector_or_failure(row) for row in rows]
        return results

    async def _run(self, texts: list[str]) -> NDArray[np.float32]:
        if is_loaded() and sum(map(len, texts)) <= INLINE_CHARACTERS:
            return embed_locally(texts)
        return await asyncio.get_running_loop().run_in_executor(self._executor, embed_locally, texts)


def _vector_or_failure(row: NDArray[np.float32]) -> Vector | EmbeddingFailed:
    try:
        return to_vector(row)
    except EmbeddingFailed as error:
        return error
