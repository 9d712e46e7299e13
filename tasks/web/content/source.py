"""Makes a document's source safe to parse: parsing time grows with the square of the nesting depth."""

import re
from html import escape

MANY_TAGS = 20_000
"""With fewer tags, no nesting takes long."""
MAX_TAGS = 150_000
"""The source is cut after this many tags."""
MAX_DEPTH = 500
"""Elements nested deeper lose their tags, as in browsers (Chromium: 512)."""
MAX_TAG_CHARACTERS = 20_000
"""A longer start tag loses its attributes if it has more than `MAX_ATTRIBUTES`."""
MAX_ATTRIBUTES = 200

_INLINE_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,][^\s\"'()<>]{200,}")
_SURROGATES = re.compile("[\ud800-\udfff\0]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>?")
_LONG_TAG = re.compile(rf"<([a-zA-Z][a-zA-Z0-9-]*)\b([^<>]{{{MAX_TAG_CHARACTERS},}})>?")
_UNNESTED = frozenset(
    (
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "param",
            "source",
            "track",
            "wbr",
        ),
        *("p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"),
    )
)
"""Elements without children, or closed implicitly by the next one."""
_XHTML = re.compile(r"^\s*<\?xml\b|<html[^>]+xmlns=[\"']http://www\.w3\.org/1999/xhtml", re.IGNORECASE)
_EMPTY_ELEMENT = re.compile(
    r"<(a|b|div|em|i|iframe|li|noscript|object|p|script|span|strong|style|td|textarea|th|title|ul)\b([^<>]*?)\s*/>",
    re.IGNORECASE,
)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_SCRIPTED = re.compile(r"//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/")


def make_safe(html: str) -> tuple[str, bool]:
    """Return the source without inline data and invalid characters, bounded in size and depth; whether it was cut."""
    if "\0" in html or not _is_utf8(html):
        html = _SURROGATES.sub("", html)
    if "data:" in html:
        html = _INLINE_DATA.sub("", html)
    if _XHTML.search(html[:2_000]):
        html = _as_html(html)
    tags = html.count("<")
    if tags > MANY_TAGS:
        html = _flatten(html)
    if _may_have_long_tags(html):
        html = _LONG_TAG.sub(_shorten, html)
    return html, tags > MAX_TAGS


def _is_utf8(html: str) -> bool:
    """Whether the text has no surrogates."""
    try:
        html.encode()
    except UnicodeEncodeError:
        return False
    return True


def _may_have_long_tags(html: str) -> bool:
    """Whether some stretch of half the limit has no angle bracket: a longer tag would contain one."""
    part = MAX_TAG_CHARACTERS // 2
    parts = (html[at : at + part] for at in range(0, len(html) - part + 1, part))
    return any("<" not in text and ">" not in text for text in parts)


def _as_html(html: str) -> str:
    """Convert XHTML to HTML: empty elements get an end tag, character data is escaped."""
    html = _EMPTY_ELEMENT.sub(r"<\1\2></\1>", html)
    if "<![CDATA[" in html and not _SCRIPTED.search(html):
        html = _CDATA.sub(lambda found: escape(found[1]), html)
    return html


def _shorten(found: re.Match[str]) -> str:
    return f"<{found[1]}>" if found[2].count("=") > MAX_ATTRIBUTES else found[0]


def _flatten(html: str) -> str:
    """Return the source without the tags of elements nested too deep, cut after `MAX_TAGS`."""
    parts: list[str] = []
    depth = begin = 0
    for count, tag in enumerate(_TAG.finditer(html)):
        if count >= MAX_TAGS:
            html = html[: tag.start()]
            break
        if tag[2].lower() in _UNNESTED:
            continue
        depth += -1 if tag[1] else 1
        if depth + bool(tag[1]) > MAX_DEPTH:
            parts.append(html[begin : tag.start()])
            begin = tag.end()
        depth = max(depth, 0)
    return "".join((*parts, html[begin:]))
