"""Tokens of widgets' owners and of workspaces' members, stored only as hashes."""

import hashlib
import secrets

from tasks.core.redaction import TOKEN_PREFIX


def new_token() -> str:
    """Make a token of 256 random bits, in the form that redaction knows."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hash a token for storage: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()
