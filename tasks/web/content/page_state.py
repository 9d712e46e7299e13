"""Reads a page that scripts have yet to fill from the data that it sends them (`__NEXT_DATA__` and the like)."""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from selectolax.lexbor import LexborHTMLParser

STATE_MARKS = (
    b"__next_data__",
    b"__nuxt",
    b"__initial_state__",
    b"__preloaded_state__",
    b"__apollo_state__",
    b"data-page=",
)
"""Bytes of a source with such data, in lower case."""
SHELL_WORDS = 25
"""With more visible words, the page speaks for itself."""
MAX_CHARACTERS = 2_000_000
MAX_VALUES = 20_000
MAX_TEXTS = 400
MIN_WORDS = 3
"""Words of a text whose key does not tell that visitors read it."""
_STATE = re.compile(r"^\s*(?:window\.|self\.)?__[A-Z_]+__\s*=\s*(?=[{\[])")
_HEADINGS = re.compile(r"^(?:title|heading|headline|question|name)$", re.IGNORECASE)
_READ = re.compile(
    r"title|heading|name|label|price|amount|cost|phone|telephone|e?mail|address|city|hours|answer|question|text|body"
    r"|description|content|caption|summary",
    re.IGNORECASE,
)
_UNREAD = re.compile(
    r"url|href|src|slug|path|class|style|locale|lang|__typename|css|query|script|token|icon|image|^id$|Id$|hash|file|key$|seo|meta"
    r"|tracking|analytics|env|config|build",
)
_MARKUP = re.compile(r"</\w+>|<br")
_NO_TEXT = re.compile(r"\s*(?:https?:|/|#|data:|[\w.-]+$(?<![.!?]))")
_WORD = re.compile(r"\w+")
_NO_WORDS = "script, style, noscript, template, svg"


def read_state(tree: LexborHTMLParser) -> None:
    """Write the texts of the page's state into its body, if it has hardly any other text."""
    body = tree.body
    if body is None or _visible_words(tree) >= SHELL_WORDS:
        return
    parts = list[str]()
    # Inertia keeps it in an attribute.
    sources = [node.attributes.get("data-page") or "" for node in tree.css("[data-page]")]
    for source in [*sources, *(script.text() for script in tree.css("script"))]:
        if 2 < len(source) <= MAX_CHARACTERS and (state := _parse(source)) is not None:
            parts += _paragraphs(state)
    if parts:
        main = tree.create_node("main")
        main.inner_html = "".join(dict.fromkeys(parts[:MAX_TEXTS]))
        body.insert_child(main)


def _visible_words(tree: LexborHTMLParser) -> int:
    assert tree.body is not None
    silent = sum(len(_WORD.findall(node.text())) for node in tree.body.css(_NO_WORDS))
    return len(_WORD.findall(tree.body.text())) - silent


def _parse(source: str) -> Any:
    """Return the data that the script holds or assigns; None if it is no data."""
    if (assigned := _STATE.match(source)) is None and not source.lstrip().startswith(("{", "[")):
        return None
    begin = assigned.end() if assigned else len(source) - len(source.lstrip())
    try:
        value, _ = json.JSONDecoder().raw_decode(source, begin)
    except (ValueError, RecursionError):
        return None
    is_linked_data = isinstance(value, dict) and "@context" in value
    return None if is_linked_data else value


def _paragraphs(state: Any) -> Iterator[str]:
    for key, value in _values(state):
        text = " ".join(value.split()) if isinstance(value, str) else str(value)
        if _UNREAD.search(key) or not _WORD.search(text):
            continue
        if not isinstance(value, str):
            if re.search(r"price|amount|cost", key, re.IGNORECASE):
                yield f"<p>{escape(key)}: {text}</p>"
        elif _MARKUP.search(text):
            yield f"<div>{text}</div>"
        elif _HEADINGS.match(key):
            yield f"<h2>{escape(text)}</h2>"
        elif _READ.search(key) or (len(_WORD.findall(text)) >= MIN_WORDS and not _NO_TEXT.match(text)):
            yield f"<p>{escape(text)}</p>"


def _values(state: Any) -> Iterator[tuple[str, Any]]:
    """Yield the texts and numbers in the state with their keys, in its order."""
    waiting: list[tuple[str, Any]] = [("", state)]
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed([(str(name), inner) for name, inner in value.items()])
        elif isinstance(value, list):
            waiting += reversed([(key, inner) for inner in value])
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key, value
