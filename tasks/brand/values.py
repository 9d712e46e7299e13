"""Plain values out of an answer nobody vouches for: what does not fit becomes empty, nothing raises."""

import math
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

MAX_RECORDS = 200
MAX_TEXT = 200
MAX_URL = 2_048
MAX_NUMBER = 1e9

Item = dict[Any, Any]


def as_item(value: object) -> Item:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items_of(answer: Item, key: str) -> Iterator[Item]:
    """The JSON objects in the list under a key, 200 at most."""
    values = answer.get(key)
    for value in values[:MAX_RECORDS] if isinstance(values, list) else []:
        if isinstance(value, dict):
            yield value


def number(value: object, most: float = MAX_NUMBER) -> float:
    """A number in 0 … `most`; 0 for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return 0.0
    return float(min(most, max(0, value)))


def clean_text(value: object, most: int = MAX_TEXT) -> str:
    """A text on one line without control, format or unpaired characters; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    kept = (" " if c.isspace() else c for c in value[: most * 4])
    return " ".join("".join(c for c in kept if not is_invisible(c)).split())[:most].strip()


def is_invisible(character: str) -> bool:
    """Whether it is a control, format (bidi overrides among them), private or unpaired character."""
    return unicodedata.category(character)[0] == "C"


def web_url(value: object, base: str) -> str | None:
    """An absolute http(s) URL without credentials and without characters that end a CSS or HTML string."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_URL:
        return None
    try:
        url = urljoin(base, value.strip())
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if url == base:  # an empty address leads back to the page
        return None
    clean = not any(c.isspace() or c in "\"'<>\\`(){}" or is_invisible(c) for c in url)
    return url if usable and clean and "@" not in parts.netloc and len(url) <= MAX_URL else None
