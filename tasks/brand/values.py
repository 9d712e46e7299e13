"""Validation of values from an untrusted result: a wrong type becomes an empty value, nothing raises."""

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
    """Return the JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items_of(answer: Item, key: str) -> Iterator[Item]:
    """Yield the JSON objects in the list under a key, 200 at most."""
    values = answer.get(key)
    for value in values[:MAX_RECORDS] if isinstance(values, list) else []:
        if isinstance(value, dict):
            yield value


def number(value: object, most: float = MAX_NUMBER) -> float:
    """Return a number within 0 … `most`; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return 0.0
    return float(min(most, max(0, value)))


def clean_text(value: object, most: int = MAX_TEXT) -> str:
    """Return a text on one line without control, format or unpaired characters; "" for anything else."""
    if not isinstance(value, str):
        return ""
    kept = (" " if c.isspace() else c for c in value[: most * 4])
    return " ".join("".join(c for c in kept if not is_invisible(c)).split())[:most].strip()


def is_invisible(character: str) -> bool:
    """Whether a character is a control, format (such as a bidi override), private-use or unpaired one."""
    return unicodedata.category(character)[0] == "C"


def web_url(value: object, base: str) -> str | None:
    """Return an absolute http(s) URL without credentials and without characters that end a CSS or HTML string."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_URL:
        return None
    try:
        url = urljoin(base, value.strip())
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if url == base:  # an empty URL is resolved to the page itself
        return None
    clean = not any(c.isspace() or c in "\"'<>\\`(){}" or is_invisible(c) for c in url)
    return url if usable and clean and "@" not in parts.netloc and len(url) <= MAX_URL else None
