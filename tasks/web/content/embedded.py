"""Makes documents inside a document part of it: declarative shadow roots, and frames with their source in `srcdoc`."""

import re
from html import unescape

from tasks.core.html_source import parse_html

_TEMPLATE = re.compile(r"<(/?)template\b([^<>]*)>", re.IGNORECASE)
_SHADOW = re.compile(r"\bshadowroot(?:mode)?\b", re.IGNORECASE)
_FRAME = re.compile(
    r"<iframe\b[^<>]*?\ssrcdoc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^<>]*>(?:[^<]*</iframe\s*>)?", re.IGNORECASE
)
MAX_FRAME_CHARACTERS = 200_000
"""A longer `srcdoc` is an application, and stays closed."""


def open_shadow_roots(html: str) -> str:
    """Return the source with templates of shadow roots as elements of the page; other templates stay closed."""
    parts, begin, is_open = list[str](), 0, list[bool]()
    for tag in _TEMPLATE.finditer(html):
        if tag[1]:
            if not is_open or not is_open.pop():
                continue
            replacement = "</div>"
        else:
            is_open.append(bool(_SHADOW.search(tag[2])))
            if not is_open[-1]:
                continue
            replacement = "<div>"
        parts += (html[begin : tag.start()], replacement)
        begin = tag.end()
    return "".join((*parts, html[begin:]))


def embed_frames(html: str) -> str:
    """Return the source with the bodies of `srcdoc` frames in the frames' places."""
    return _FRAME.sub(_body_of, html)


def _body_of(frame: re.Match[str]) -> str:
    source = frame[1] if frame[1] is not None else frame[2]
    if len(source) > MAX_FRAME_CHARACTERS:
        return frame[0]
    body = parse_html(unescape(source)).body
    return f"<div>{(body.inner_html or '') if body else ''}</div>"
