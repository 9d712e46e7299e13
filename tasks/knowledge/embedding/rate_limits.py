"""Rate limits of an embedding account, shared by all runs on all machines through a row in PostgreSQL.

The service sends its limits with each response (`x-ratelimit-limit-requests`, `-tokens` a minute, and the remainders).
Each request reserves its share before it is sent, by the generic cell rate algorithm (ITU-T I.371): the row holds two
points in time, for requests and for tokens, up to which the budget is spent. A request that would exceed one minute's
budget is delayed by the excess. After a 429 all requests pause as long as the service says.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256

import psycopg

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed

MAX_WAIT_S = 120.0
"""Upper bound in seconds: a longer wait is an error of the service or of this module."""

_NEW = "INSERT INTO embedding_limits (account) VALUES (%(account)s) ON CONFLICT DO NOTHING"
_RESERVE = """
UPDATE embedding_limits SET
    requests_until = greatest(requests_until, clock_timestamp())
        + coalesce(interval '1 minute' / nullif(requests_per_minute, 0), interval '0'),
    tokens_until = greatest(tokens_until, clock_timestamp())
        + coalesce(interval '1 minute' * %(tokens)s / nullif(tokens_per_minute, 0), interval '0')
WHERE account = %(account)s
RETURNING tokens_per_minute, extract(epoch FROM greatest(
    paused_until - clock_timestamp(),
    requests_until - clock_timestamp() - interval '1 minute',
    tokens_until - clock_timestamp() - interval '1 minute'
))::float
"""
# The remainder may be lower than reserved here: other programs may use the same account.
_UPDATE = """
UPDATE embedding_limits SET
    requests_per_minute = coalesce(%(requests)s::int, requests_per_minute),
    tokens_per_minute = coalesce(%(tokens)s::int, tokens_per_minute),
    requests_until = greatest(
        requests_until, clock_timestamp() + interval '1 minute' * %(requests_used)s
    ),
    tokens_until = greatest(
        tokens_until, clock_timestamp() + interval '1 minute' * %(tokens_used)s
    )
WHERE account = %(account)s
"""
_PAUSE = """
UPDATE embedding_limits SET paused_until = greatest(paused_until, clock_timestamp() + interval '1 second' * %(seconds)s)
WHERE account = %(account)s
"""


class RateLimits:
    """The limits of one account at the embedding service."""

    def __init__(self, pool: Pool | None, account: str) -> None:
        """Without a pool nothing is shared or reserved: only 429 responses slow requests down."""
        self._pool = pool
        self._account = account
        self.tokens_per_minute: int | None = None
        """The last limit received; a request with more tokens would always be rejected."""

    async def reserve(self, tokens: int) -> float:
        """Reserve the tokens of a request; return the seconds to wait before it is sent."""
        if self._pool is None:
            return 0.0
        values = {"account": self._account, "tokens": tokens}
        async with _connect(self._pool) as connection:
            row = await (await connection.execute(_RESERVE, values)).fetchone()
            if row is None:
                await connection.execute(_NEW, values)
                return 0.0
        self.tokens_per_minute = row[0]
        return min(max(float(row[1]), 0.0), MAX_WAIT_S)

    async def update(self, headers: Mapping[str, str]) -> None:
        """Update the limits from a response's headers."""
        values = {
            "account": self._account,
            "requests": _positive(headers.get("x-ratelimit-limit-requests")),
            "tokens": _positive(headers.get("x-ratelimit-limit-tokens")),
            "requests_used": _used(headers, "requests"),
            "tokens_used": _used(headers, "tokens"),
        }
        if values["requests"] is None and values["tokens"] is None:
            return
        self.tokens_per_minute = _positive(headers.get("x-ratelimit-limit-tokens"))
        if self._pool is not None:
            async with _connect(self._pool) as connection:
                await connection.execute(_UPDATE, values)

    async def pause(self, seconds: float) -> None:
        """Pause all requests of the account for so many seconds."""
        if self._pool is not None:
            async with _connect(self._pool) as connection:
                await connection.execute(_PAUSE, {"account": self._account, "seconds": seconds})


def name_account(*parts: str) -> str:
    """Return a hash of key, service and model as the account's name; none of them can be read from it."""
    return sha256("\0".join(parts).encode()).hexdigest()


@asynccontextmanager
async def _connect(pool: Pool) -> AsyncIterator[Connection]:
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.Error as error:
        problem = str(error).split("\n", 1)[0]
        raise EmbeddingFailed(f"the shared rate limits are out of reach: {problem}", retriable=True) from error


def _used(headers: Mapping[str, str], resource: str) -> float:
    """Return the spent share of a minute's limit; 0 without the headers."""
    limit = _positive(headers.get(f"x-ratelimit-limit-{resource}"))
    remaining = _number(headers.get(f"x-ratelimit-remaining-{resource}"))
    return 0.0 if limit is None or remaining is None else max(1 - remaining / limit, 0.0)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _positive(text: str | None) -> int | None:
    return _number(text) or None
