"""Reads titles as words: their parts, what they share, and whether they say nothing about a page."""

import re

from selectolax.lexbor import LexborNode

MAX_TITLE_WORDS = 25
"""A longer heading is a paragraph."""

# DokuWiki names the site in brackets.
_SPLIT = re.compile(r"\s+(?:[|\-–—·•:»«›~]|::|\|\|)\s+|\s*[|»]\s*|\s+\[(?=[^\[\]]+\]$)")
_WORDS = re.compile(r"\w+")
_SIGNS = "¶#§ \t\n🔗⚓"
_PERMALINK = re.compile(rf"(?:\s*[{_SIGNS}]*[¶🔗⚓§]|\s+#)+$")
_UNREAD = frozenset(("button", "script", "style", "svg", "template"))
"""Elements of a heading that are not its text."""
NOT_OWN = frozenset(
    (
        *("home", "homepage", "home page", "startseite", "accueil", "inicio", "index", "untitled", "untitled document"),
        *("document", "page", "title", "welcome", "react app", "vite app", "new page", "default", "main page", "start"),
    )
)
"""Titles that say nothing about a page, in lower case."""


def split_title(title: str) -> list[str]:
    """Return the parts of a title that separators stand between."""
    return [part for piece in _SPLIT.split(title) if (part := piece.strip(" -–—|:[]" if "[" in title else " -–—|:"))]


def words_of(text: str) -> str:
    """Return the words of the text in lower case."""
    return " ".join(_WORDS.findall(text.lower().replace("™", " ").replace("®", " ")))


def share_word(text: str, other: str) -> bool:
    """Whether the texts have a word of some length in common, in whatever number."""
    words = {word[:5] for word in words_of(other).split() if len(word) > 3}
    return any(word[:5] in words for word in words_of(text).split() if len(word) > 3)


def text_of(node: LexborNode | None) -> str:
    """Return the element's text without a permalink's sign; empty if it is as long as a paragraph."""
    return _as_title(node.text(separator="")) if node else ""


def heading_of(node: LexborNode) -> str:
    """Return a heading's text, without buttons and permalinks, with a space for each line break."""
    return _as_title("".join(_read(node)))


def _read(node: LexborNode) -> list[str]:
    pieces: list[str] = []
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            pieces.append(child.text_content or "")
        elif child.tag == "br":
            pieces.append(" ")
        elif child.tag not in _UNREAD and not _is_permalink(child):
            pieces.extend(_read(child))
    return pieces


def _is_permalink(node: LexborNode) -> bool:
    """Whether the element is a link within the page whose text has no word: `#`, `¶`."""
    is_link = node.tag == "a" and (node.attributes.get("href") or "").startswith("#")
    return is_link and _WORDS.search(node.text(separator="")) is None


def _as_title(text: str) -> str:
    text = _PERMALINK.sub("", " ".join(text.split())).lstrip("/|›» ")
    return text if len(_WORDS.findall(text)) <= MAX_TITLE_WORDS else ""
