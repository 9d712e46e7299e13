"""The embedding cache: vectors by content hash and model, so that equal text is embedded once."""

import asyncio
from collections.abc import Mapping

import numpy as np

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedding.embedder import Embedder, Vector, pad
from tasks.knowledge.embedding.embedding_claims import claim_texts, connect

POLL_INTERVAL_S = 0.2
"""Seconds between two looks for vectors that another run has claimed."""

_NEW_VECTORS = "CREATE TEMPORARY TABLE IF NOT EXISTS new_vectors (hash text, embedding vector) ON COMMIT DELETE ROWS"
# Sorted, so that two runs with the same text cannot deadlock.
_MERGE_VECTORS = (
    "INSERT INTO embedding_cache (content_hash, model, embedding)"
    " SELECT hash, %s, embedding FROM new_vectors ORDER BY hash ON CONFLICT DO NOTHING"
)


async def embed_cached(pool: Pool, embedder: Embedder, texts: Mapping[str, str]) -> dict[str, Vector | EmbeddingFailed]:
    """Return a vector for each text, by content hash; cache misses are embedded and stored.

    With a paid model a text is claimed first: other runs that need it wait for the claimant's vector.

    Raises:
        EmbeddingFailed: as the embedder; or (retriable) the database is out of reach.
        EmbeddingRefused, EmbeddingUnavailable: as the embedder; the vectors obtained until then are stored.
    """
    results: dict[str, Vector | EmbeddingFailed] = {**await _look_up(pool, embedder.model, list(texts))}
    embedder.usage.cached += len(results)
    while missing := {hash_: text for hash_, text in texts.items() if hash_ not in results}:
        if embedder.price == 0:
            results |= await _embed(pool, embedder, missing)
            continue
        async with claim_texts(pool, embedder.model, list(missing)) as own:
            # Another run may have stored a claimed text since the last lookup.
            results |= await _look_up(pool, embedder.model, list(missing))
            if claimed := {hash_: missing[hash_] for hash_ in own if hash_ not in results}:
                results |= await _embed(pool, embedder, claimed)
        if len(results) < len(texts):
            await asyncio.sleep(POLL_INTERVAL_S)
    return results


async def _embed(pool: Pool, embedder: Embedder, texts: Mapping[str, str]) -> dict[str, Vector | EmbeddingFailed]:
    results: list[Vector | EmbeddingFailed] = []
    try:
        await embedder.embed(list(texts.values()), into=results)
    finally:
        # Also when an error ends the build: what is paid for is not paid for again when it is resumed.
        fresh = dict(zip(texts, results, strict=False))
        await _store(pool, embedder.model, fresh)
    return fresh


async def _look_up(pool: Pool, model: str, hashes: list[str]) -> dict[str, Vector]:
    async with connect(pool) as connection, connection.cursor(binary=True) as cursor:
        await cursor.execute(
            "SELECT content_hash, embedding FROM embedding_cache WHERE model = %s AND content_hash = ANY(%s)",
            (model, hashes),
        )
        return {row[0]: pad(row[1].to_numpy()) for row in await cursor.fetchall()}


async def _store(pool: Pool, model: str, fresh: Mapping[str, Vector | EmbeddingFailed]) -> None:
    vectors = {hash_: vector for hash_, vector in fresh.items() if not isinstance(vector, EmbeddingFailed)}
    if not vectors:
        return
    async with connect(pool) as connection, connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(_NEW_VECTORS)
        async with cursor.copy("COPY new_vectors FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("text", "vector"))
            for hash_, vector in vectors.items():
                await copy.write_row((hash_, _without_padding(vector)))
        await cursor.execute(_MERGE_VECTORS, (model,))


def _without_padding(vector: Vector) -> Vector:
    """Return the vector in the model's own dimensions."""
    return vector[: int(np.flatnonzero(vector)[-1]) + 1]
