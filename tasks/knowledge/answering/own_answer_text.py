"""The text of an own answer as the visitor gets it: Markdown without HTML and images, with its reference."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tasks.knowledge.answering.safe_markdown import sanitize_markdown

_PARAGRAPH = re.compile(r".+?(?:\n{2,}|\Z)", re.DOTALL)
_PROSE_END = re.compile(r"[^\n|`]\Z")


def own_answer_pieces(answer: str) -> Iterator[str]:
    """Yield the answer paragraph by paragraph, the last one with the reference [1]."""
    text = sanitize_owner_text(answer)
    yield from _PARAGRAPH.findall(text)
    # Behind a table or code the reference would become a part of it.
    yield " [1]" if _PROSE_END.search(text) else "\n\n[1]"


def sanitize_owner_text(text: str) -> str:
    """Return an owner's Markdown as visitors may see it."""
    return sanitize_markdown(text, _is_link).strip()


def _is_link(address: str) -> bool:
    """Whether the owner may link to it: any site, and mail addresses."""
    if re.search(r"[\s\\\x00-\x1f]", address):
        return False
    try:
        return urlsplit(address).scheme.casefold() in ("http", "https", "mailto")
    except ValueError:
        return False
