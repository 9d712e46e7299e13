"""Text as PostgreSQL and the embedding services take it.

Pages may hold what neither accepts: NUL characters, and halves of surrogate pairs, which scripts leave when
they cut a text in the middle of an emoji.
"""

from typing import Any


def sanitize_text(text: str) -> str:
    """The text without NUL, and U+FFFD for each lone surrogate; most text is returned as it is."""
    whole = text.replace("\0", "")
    try:
        whole.encode()
    except UnicodeEncodeError:
        # Two halves that belong together become one character again.
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole


def sanitize_json(value: Any) -> Any:
    """The same for every text in a JSON value, keys included."""
    if isinstance(value, str):
        return sanitize_text(value)
    if isinstance(value, dict):
        return {sanitize_json(key): sanitize_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sanitize_json(item) for item in value]
    return value
