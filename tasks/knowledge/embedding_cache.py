"""Equal text is embedded once: vectors by content hash and model."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import numpy as np
import psycopg

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedders import Embedder, Vector, pad

_NEW_VECTORS = "CREATE TEMPORARY TABLE IF NOT EXISTS new_vectors (hash text, embedding vector) ON COMMIT DELETE ROWS"
# One order for all, so that two runs with the same text do not lock each other out.
_TAKE_OVER_VECTORS = (
    "INSERT INTO embedding_cache (content_hash, model, embedding)"
    " SELECT hash, %s, embedding FROM new_vectors ORDER BY hash ON CONFLICT DO NOTHING"
)


async def embed_cached(pool: Pool, embedder: Embedder, texts: Mapping[str, str]) -> dict[str, Vector | EmbeddingFailed]:
    """A vector for each text, by content hash; only unknown ones are embedded, and then known.

    Raises:
        EmbeddingFailed: as the embedder; or (retriable) the database is out of reach.
        EmbeddingRefused: as the embedder.
    """
    known = await _look_up(pool, embedder.model, list(texts))
    missing = [content_hash for content_hash in texts if content_hash not in known]
    results = await embedder.embed([texts[content_hash] for content_hash in missing])
    fresh = dict(zip(missing, results, strict=True))
    await _remember(pool, embedder.model, fresh)
    return {**known, **fresh}


@asynccontextmanager
async def _connect(pool: Pool) -> AsyncIterator[Connection]:
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.Error as error:
        problem = str(error).split("\n", 1)[0]
        raise EmbeddingFailed(f"the embedding cache is out of reach: {problem}", retriable=True) from error


async def _look_up(pool: Pool, model: str, hashes: list[str]) -> dict[str, Vector]:
    async with _connect(pool) as connection, connection.cursor(binary=True) as cursor:
        await cursor.execute(
            "SELECT content_hash, embedding FROM embedding_cache WHERE model = %s AND content_hash = ANY(%s)",
            (model, hashes),
        )
        return {row[0]: pad(row[1].to_numpy()) for row in await cursor.fetchall()}


async def _remember(pool: Pool, model: str, fresh: Mapping[str, Vector | EmbeddingFailed]) -> None:
    vectors = {hash_: vector for hash_, vector in fresh.items() if not isinstance(vector, EmbeddingFailed)}
    if not vectors:
        return
    async with _connect(pool) as connection, connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(_NEW_VECTORS)
        async with cursor.copy("COPY new_vectors FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("text", "vector"))
            for hash_, vector in vectors.items():
                await copy.write_row((hash_, _without_padding(vector)))
        await cursor.execute(_TAKE_OVER_VECTORS, (model,))


def _without_padding(vector: Vector) -> Vector:
    """As long as the model's vectors are."""
    return vector[: int(np.flatnonzero(vector)[-1]) + 1]
