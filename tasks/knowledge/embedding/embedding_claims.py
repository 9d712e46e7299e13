"""Claims on texts about to be embedded for money: leases that a living run renews and a dead one loses."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed

CLAIM_S = 30
"""Seconds after its last renewal when a claim expires: its run has died."""
RENEW_S = 10.0
"""Seconds between two renewals."""

# Sorted, so that two runs with the same text cannot deadlock.
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
async def claim_texts(pool: Pool, model: str, hashes: Sequence[str]) -> AsyncIterator[list[str]]:
    """Claim the texts and yield the hashes obtained; the others are claimed by another run.

    The claims are renewed until the context is left, then released.
    """
    values = {"model": model, "hashes": list(hashes), "seconds": CLAIM_S}
    async with connect(pool) as connection:
        own = [row[0] for row in await (await connection.execute(_CLAIM, values)).fetchall()]
    values["hashes"] = own
    renewing = asyncio.create_task(_renew(pool, values))
    try:
        yield own
    finally:
        renewing.cancel()
        # With the database out of reach, the claims expire by themselves.
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
    """Open a connection; its errors become retriable, as they are not caused by the text.

    Raises:
        EmbeddingFailed: the database is out of reach (retriable).
    """
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.Error as error:
        problem = str(error).split("\n", 1)[0]
        raise EmbeddingFailed(f"the embedding cache is out of reach: {problem}", retriable=True) from error
