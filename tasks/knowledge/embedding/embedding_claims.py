"""Who is about to pay for which text: a claim lasts while its run lives, and a little longer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed

CLAIM_S = 30
"""A claim that was not renewed for so long is anybody's: its run has died."""
RENEW_S = 10.0

# In one order for all, so that two runs with the same text do not lock each other out.
_CLAIM = """
INSERT INTO embedding_claims (content_hash, model, claimed_until)
SELECT hash, %(model)s, clock_timestamp() + %(seconds)s * interval '1 second'
FROM unnest(%(hashes)s::text[]) AS hash ORDER BY hash
ON CONFLICT (content_hash, model) DO UPDATE SET claimed_until = excluded.claimed_until
WHERE embedding_claims.claimed_until < clock_timestamp()
RETURNING content_hash
"""
_RENEW = """
UPDATE embedding_claims SET claimed_until = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE model = %(model)s AND content_hash IN (
    SELECT content_hash FROM embedding_claims WHERE model = %(model)s AND content_hash = ANY(%(hashes)s)
    ORDER BY content_hash FOR UPDATE
)
"""
_RELEASE = "DELETE FROM embedding_claims WHERE model = %(model)s AND content_hash = ANY(%(hashes)s)"


@asynccontextmanager
async def claimed(pool: Pool, model: str, hashes: Sequence[str]) -> AsyncIterator[list[str]]:
    """Those of the texts that are ours to embed until left; another run has claimed the others."""
    values = {"model": model, "hashes": list(hashes), "seconds": CLAIM_S}
    async with connect(pool) as connection:
        ours = [row[0] for row in await (await connection.execute(_CLAIM, values)).fetchall()]
    values["hashes"] = ours
    renewing = asyncio.create_task(_renew(pool, values))
    try:
        yield ours
    finally:
        renewing.cancel()
        # Out of reach: they lapse by themselves.
        with suppress(EmbeddingFailed):
            async with connect(pool) as connection:
                await connection.execute(_RELEASE, values)


async def _renew(pool: Pool, values: dict[str, object]) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        with suppress(EmbeddingFailed):
            async with connect(pool) as connection:
                await connection.execute(_RENEW, values)


@asynccontextmanager
async def connect(pool: Pool) -> AsyncIterator[Connection]:
    """A connection; what goes wrong with it is no fault of the text's.

    Raises:
        EmbeddingFailed: the database is out of reach (retriable).
    """
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.Error as error:
        problem = str(error).split("\n", 1)[0]
        raise EmbeddingFailed(f"the embedding cache is out of reach: {problem}", retriable=True) from error
