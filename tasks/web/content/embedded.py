"""Makes documents inside a document part of it: declarative shadow roots, and frames with their source in `srcdoc`."""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from tasks.core.html_source import parse_html
from tasks.web.content.pruning import remove_all

ROOT = "data-open-shadow-root"
_TEMPLATE = re.compile(r"<(/?)template\b([^<>]*)>", re.IGNORECASE)
_SHADOW = re.compile(r"\bshadowroot(?:mode)?\b", re.IGNORECASE)
_FRAME = re.compile(
    r"<iframe\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?\ssrcdoc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
    r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>(?:[^<]*</iframe\s*>)?",
    re.IGNORECASE,
)
MAX_ROOTS = 500
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
            replacement = f"<div {ROOT}>"
        parts += (html[begin : tag.start()], replacement)
        begin = tag.end()
    return "".join((*parts, html[begin:]))


def fill_slots(tree: LexborHTMLParser) -> None:
    """Move the children of elements with shadow roots into the slots where readers see them."""
    for root in reversed(tree.css(f"[{ROOT}]")[:MAX_ROOTS]):
        host = root.parent
        slots = root.css("slot") if host is not None else []
        if host is None or not slots:
            continue
        children = [child for child in host.iter(include_text=True) if child.mem_id != root.mem_id]
        for slot in slots:
            name = slot.attributes.get("name") or ""
            shown = [child for child in children if (child.attributes.get("slot") or "") == name]
            if content := "".join(child.html or "" for child in shown).strip():
                slot.inner_html = content
                remove_all(shown)
                children = [child for child in children if (child.attributes.get("slot") or "") != name]


def embed_frames(html: str) -> str:
    """Return the source with the bodies of `srcdoc` frames in the frames' places."""
    return _FRAME.sub(_body_of, html)


def _body_of(frame: re.Match[str]) -> str:
    source = frame[1] if frame[1] is not None else frame[2]
    if len(source) > MAX_FRAME_CHARACTERS:
        return frame[0]
    body = parse_html(unescape(source)).body
    return f"<div>{(body.inner_html or '') if body else ''}</div>"
