"""Owner tokens of widgets, stored only as hashes."""

import hashlib
import secrets
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.redaction import TOKEN_PREFIX


def new_token() -> str:
    """Make a token of 256 random bits, in the form that redaction knows."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hash an owner's token for storage: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


async def read_owner_hash(pool: Pool, widget_id: UUID) -> str | None:
    """Return the hash of the widget's owner token; empty if it never had one, None if there is no such widget."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT coalesce(owner_token_hash, '') FROM widgets WHERE id = %s", (widget_id,)
        )
        row = await rows.fetchone()
    return None if row is None else str(row[0])


async def owns_a_widget(pool: Pool, token_hash: str) -> bool:
    """Whether the token with this hash is the owner token of any widget."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT 1 FROM widgets WHERE owner_token_hash = %s", (token_hash,))
        return await rows.fetchone() is not None
