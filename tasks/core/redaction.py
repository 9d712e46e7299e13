"""Redaction of secrets in texts that leave the process: log records, error messages, tracebacks, events.

Two kinds of secrets are replaced: those this process knows (`learn_secrets`), also in the forms that URLs, JSON and
HTTP give them, and those of a well-known shape, which may be somebody else's.
"""

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

HIDDEN = "***"
TOKEN_PREFIX = "awb_"
"""Prefix of the tokens we make: it gives them a shape, in our logs and in everybody's scanners for secrets."""
MIN_SECRET_LENGTH = 6
"""A shorter secret is redacted only where its shape gives it away: elsewhere its letters may be any word's."""

# The first group of each is kept.
_SHAPES = (
    # User names and passwords in URLs (RFC 3986 §3.2.1).
    r"(://)[^/\s@'\"]{1,512}(?:@[^/\s@'\"]{1,512})?(?=@)",
    r"()\bsk-(?:(?:proj|svcacct|admin|live|test|ant|or)-[\w-]{16,}|[A-Za-z0-9]{20,})",
    rf"()\b{TOKEN_PREFIX}[\w-]{{20,}}",
    r"(\bBearer\s+)[\w.~+/=-]{16,}",
    r"(\bAuthorization['\"]?\s*[:=]\s*['\"]?(?:Basic|Bearer)\s+)[\w.~+/=:-]{4,}",
    # Connection strings of libpq, query strings.
    r"((?<![A-Za-z])(?:password|passwd|pwd|api_key|apikey|access_token|client_secret|owner_token)=)[^\s&'\"]+",
)
_SHAPE = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES), re.IGNORECASE)

_known: set[str] = set()


def learn_secrets(secrets: Iterable[str]) -> None:
    """Have these secrets redacted from now on; those too short to be told from words are left out."""
    new = {secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH} - _known
    if new:
        _known.update(new)
        _known_pattern.cache_clear()


def redact(text: str) -> str:
    """Return the text with all secrets replaced."""
    pattern = _known_pattern()
    if pattern is not None:
        text = pattern.sub(HIDDEN, text)
    return _SHAPE.sub(lambda found: f"{found[found.lastindex] if found.lastindex else ''}{HIDDEN}", text)


@lru_cache(maxsize=1)
def _known_pattern() -> re.Pattern[str] | None:
    forms = sorted({form for secret in _known for form in _forms(secret)}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, forms))) if forms else None


def _forms(secret: str) -> Iterable[str]:
    """Yield the secret as it may be written: as it is, in a URL, in JSON, in a header (RFC 7617)."""
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode()
