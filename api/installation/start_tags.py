"""Start-tag scanner for finding scripts and policies, in time linear in the document's length.

Parsers that build a tree take time quadratic in the nesting depth, and the page may be hostile.
"""

import re
from collections.abc import Iterator
from html import unescape

_OPENING = re.compile(r"<(?:!--|([a-zA-Z][a-zA-Z0-9-]*))")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=<"'][^\s/>=]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]*))?""")
_INERT = ("script", "style", "textarea", "title", "template", "noscript", "iframe", "xmp", "noembed", "noframes")
"""Elements whose content is text, or is never run."""
_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _INERT}

Tag = tuple[str, dict[str, str]]
"""Element and attribute names in lower case; attribute values unescaped."""


def start_tags(html: str, names: frozenset[str]) -> Iterator[Tag]:
    """Yield the start tags with these names, in order."""
    position = 0
    while opening := _OPENING.search(html, position):
        position = opening.end()
        if opening[1] is None:
            end = html.find("-->", position)
            position = len(html) if end < 0 else end
            continue
        name = opening[1].lower()
        if name not in names and name not in _INERT:
            continue
        attributes: dict[str, str] = {}
        while found := _ATTRIBUTE.match(html, position):
            attributes.setdefault(found[1].lower(), unescape(_unquoted(found[2] or "")))
            position = found.end()
        if name in names:
            yield name, attributes
        if name in _INERT:
            end_tag = _ENDS[name].search(html, position)
            position = len(html) if end_tag is None else end_tag.start()


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in ('"', "'") else value
