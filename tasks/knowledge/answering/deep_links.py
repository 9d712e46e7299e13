"""Links that open a page at the words quoted from it (WICG, "URL Fragment Text Directives")."""

import re
from urllib.parse import quote, urldefrag

WORDS_AT_AN_END = 5
MAX_WHOLE_WORDS = 8


def deep_link(url: str, quoted: str) -> str:
    """The page's address with a fragment that names where the quoted text begins and ends."""
    words = re.sub(r"[`|]", " ", quoted).split()
    if not words:
        return url
    if len(words) <= MAX_WHOLE_WORDS:
        directive = _encode(words)
    else:
        directive = f"{_encode(words[:WORDS_AT_AN_END])},{_encode(words[-WORDS_AT_AN_END:])}"
    bare, fragment = urldefrag(url)
    return f"{bare}#{fragment}:~:text={directive}"


def _encode(words: list[str]) -> str:
    # A dash, a comma and an ampersand have a meaning of their own in a directive.
    return quote(" ".join(words), safe="").replace("-", "%2D")
