"""Sanitizing: text that PostgreSQL and the embedding services accept.

Pages may contain what neither accepts: NUL characters, and lone surrogates, which scripts leave when they cut a text
in the middle of an emoji.
"""

import re
from typing import Any


def sanitize_text(text: str) -> str:
    """Remove NUL and replace each lone surrogate by U+FFFD; most text is returned unchanged."""
    whole = text.replace("\0", "")
    try:
        whole.encode()
    except UnicodeEncodeError:
        # Via UTF-16, two halves of one pair become one character again.
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole


def sanitize_json(value: Any) -> Any:
    """Sanitize every text in a JSON value, keys included."""
    if isinstance(value, str):
        return sanitize_text(value)
    if isinstance(value, dict):
        return {sanitize_json(key): sanitize_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sanitize_json(item) for item in value]
    return value


_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def sanitize_title(text: str) -> str:
    """Return the text on one line, without control characters, and those that turn around what follows them."""
    return " ".join(_UNSEEN.sub(" ", sanitize_text(text)).split())
