"""Makes a document's source safe to parse: without inline data and invalid characters, as HTML, and bounded.

Documents inside the document (shadow roots, `srcdoc` frames) become part of it, as readers see them.
"""

import re
from html import escape

from tasks.core.html_source import MAX_TAGS, bound_html
from tasks.web.content.embedded import embed_frames, open_shadow_roots
from tasks.web.content.invisible import remove_invisible

_INLINE_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,][^\s\"'()<>]{200,}")
_SURROGATES = re.compile("[\ud800-\udfff\0]")
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
    html = remove_invisible(html)
    if "shadowroot" in html:
        html = open_shadow_roots(html)
    if "srcdoc" in html:
        html = embed_frames(html)
    if _XHTML.search(html[:2_000]):
        html = _as_html(html)
    return bound_html(html), html.count("<") > MAX_TAGS


def _is_utf8(html: str) -> bool:
    """Whether the text has no surrogates."""
    try:
        html.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_html(html: str) -> str:
    """Convert XHTML to HTML: empty elements get an end tag, character data is escaped."""
    html = _EMPTY_ELEMENT.sub(r"<\1\2></\1>", html)
    if "<![CDATA[" in html and not _SCRIPTED.search(html):
        html = _CDATA.sub(lambda found: escape(found[1]), html)
    return html
