"""Deep links: text fragments that open a page at a passage's words.

Source: the text fragment specification (WICG, "URL Fragment Text Directives"): `#:~:text=start,end`. A browser without
support, or one that does not find the words, opens the page at its top.
"""

import re
from urllib.parse import quote

from tasks.knowledge.indexing.blocks import without_link_targets

START_WORDS = 6
"""Words at the start of the text in the directive …"""
END_WORDS = 4
"""… and at its end, if the text is longer than both."""
MAX_CHARACTERS = 80
"""Upper bound of each part: some scripts put no space between words."""

_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,}).*$")
_MARKS = re.compile(r"^[\s>]*(?:#{1,6}\s+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+)?")
_CODE = re.compile(r"(`{1,5})(.+?)\1")
_EMPHASIS = re.compile(
    r"(?<!\\)(\*\*\*|\*\*|\*|~~)(?=\S)(.+?)(?<=[^\s\\])\1|(?<![\w\\])(__|_)(?=\S)(.+?)(?<=\S)\3(?!\w)"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def deep_link(url: str, text: str) -> str:
    """Return the URL of the page at the first paragraph of the text, which may be Markdown."""
    directive = _directive(_first_line(text))
    if not directive:
        return url
    page, _, fragment = url.partition("#")
    return f"{page}#{fragment.partition(':~:')[0]}:~:text={directive}"


def _first_line(text: str) -> str:
    """Return the first line that is not a heading, as rendered; without one, the first heading."""
    heading, in_code = "", False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
            continue
        shown = " ".join(line.split()) if in_code else _rendered(line)
        if not re.search(r"\w", shown):
            continue
        if in_code or not line.startswith("#"):
            return shown
        heading = heading or shown
    return heading


def _rendered(line: str) -> str:
    """Strip the Markdown from a line; of a table row keep the longest cell, as no match spans two cells."""
    if line.lstrip().startswith("|"):
        line = max(line.split("|"), key=len)
    plain = without_link_targets(_MARKS.sub("", line, count=1))
    pieces = _CODE.split(plain)
    # The split alternates: text, backticks, the code between them.
    shown = [piece if at % 3 == 2 else _without_emphasis(piece) for at, piece in enumerate(pieces) if at % 3 != 1]
    return " ".join("".join(shown).split())


def _without_emphasis(text: str) -> str:
    return _ESCAPED.sub(r"\1", _EMPHASIS.sub(lambda match: match[2] or match[4], text))


def _directive(line: str) -> str:
    words = line.split()
    if len(words) <= START_WORDS + END_WORDS and len(line) <= MAX_CHARACTERS:
        return _encode(line)
    start = " ".join(words[:START_WORDS])[:MAX_CHARACTERS]
    end = " ".join(words[-END_WORDS:])[-MAX_CHARACTERS:] if len(words) > START_WORDS + END_WORDS else ""
    return ",".join(_encode(part) for part in (start, end) if part)


def _encode(text: str) -> str:
    """Percent-encode the text, including the characters that separate the parts of a directive."""
    return quote(text, safe="", errors="replace").replace("-", "%2D")
