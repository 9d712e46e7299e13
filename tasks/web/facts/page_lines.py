"""A document as lines of text: each with its region, its heading, its links and the icons beside it.

The tree is serialised by the parser first, so that tags are balanced and attributes quoted. The source is then split at
the tags of blocks by one regular expression, and only text that is not empty is looked at: a walk over the nodes took
ten times as long.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape

from selectolax.lexbor import LexborHTMLParser

MAX_LINES = 6_000
MAX_LINE_CHARACTERS = 600
"""Characters of a line that are read; contact data stands at the beginning of longer ones."""

_ATTRIBUTES = r'[^>"]*(?:"[^"]*"[^>"]*)*'
_VOID = frozenset(("br", "hr"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "legend", "caption", "summary"))
_REGIONS = {
    "header": "header",
    "nav": "nav",
    "main": "main",
    "aside": "aside",
    "footer": "footer",
    "banner": "header",
    "navigation": "nav",
    "complementary": "aside",
    "contentinfo": "footer",
}
_BLOCKS = (
    *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "dialog", "div"),
    *("dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
    *("hr", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody"),
    *("tfoot", "thead", "tr", "ul"),
)
_BLOCK = re.compile(rf"<(/?)({'|'.join(_BLOCKS)})((?:\s{_ATTRIBUTES})?)>")
_UNREAD = re.compile(r"<(template|noscript|select|svg|iframe)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_MAY_NAME_REGION = re.compile(r"role=|foot|copyright|header|top-?bar|masthead|announce|side-?bar", re.IGNORECASE)
_NAMED_REGION = re.compile(
    r"(?:^|[\s_-])(?:(?P<footer>footer|foot|copyright)|(?P<header>header|topbar|top-bar|masthead|announcement)"
    r"|(?P<aside>sidebar|side-bar))(?:$|[\s_\d-])",
    re.IGNORECASE,
)
_NAMED = frozenset(("div", "section", "ul"))
_ICONS = {
    "phone": re.compile(r"phone|\btel\b|earphone|mobile|\bcall\b|whatsapp"),
    "fax": re.compile(r"\bfax\b|print\b"),
    "email": re.compile(r"envelope|\be?-?mail\b|paper-plane"),
    "address": re.compile(r"\bmap\b|marker|location|\bpin\b|geo-alt|address"),
    "hours": re.compile(r"clock|hours|opening"),
}
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_TARGET = re.compile(rf"<(?:a|img|span)\s({_ATTRIBUTES})>")
_NAME = re.compile(r'(?:class|id|title|alt|src|aria-label|data-icon|xlink:href)="([^"]*)"')
_LINK_TEXT = re.compile(r"<a[\s>].*?</a>", re.DOTALL)
_CELL = re.compile(rf"</?t[dh](?:\s{_ATTRIBUTES})?>")
_SUP = re.compile(r"<sup[^>]*>")
_TAG = re.compile(rf"</?[a-zA-Z]{_ATTRIBUTES}>")
_JOINTS = re.compile(r"(?<=[^\W\d_])\x02+(?=\d)|(?<=[\d%])\x02+(?=\w)|(?<=[a-zß-ÿ.,;:!?)])\x02+(?=[A-ZÀ-Þ(+])")
_CENTS = re.compile(r"(?<=\d)\x03(?=\d\d(?!\d))")
_INLINE, _CENT = "\x02", "\x03"


@dataclass(slots=True)
class LineLink:
    """A link on a line: its target, and the name it has for screen readers."""

    href: str
    label: str = ""


@dataclass
class Line:
    """A line of text as visitors see it; cells of a table row are separated by tabs."""

    text: str
    source: str
    """The HTML of the line, with the tags of the blocks that begin with it."""
    region: str
    heading: str = ""
    """The nearest heading above in the same region."""
    is_heading: bool = False
    is_address: bool = False
    """Whether it stands in an `address` element."""

    def shows_icon(self, meaning: str) -> bool:
        """Whether an icon or a class name on the line has the meaning: `phone`, `hours` …"""
        return _ICONS[meaning].search(self.names) is not None

    @cached_property
    def names(self) -> str:
        """Class names, labels and file names of the elements on the line, lower case."""
        return " ".join(_NAME.findall(self.source)).lower() if '="' in self.source else ""

    @cached_property
    def is_linked(self) -> bool:
        """Whether all of its text is link text."""
        return "<a" in self.source and not _TAG.sub("", _LINK_TEXT.sub("", self.source)).strip()

    @cached_property
    def links(self) -> list[LineLink]:
        """The links on the line, with the addresses that Cloudflare has encoded."""
        found = []
        for attributes in self._targets:
            label = attributes.get("aria-label") or attributes.get("title") or ""
            if href := attributes.get("href"):
                found.append(LineLink(unescape(href).strip(), unescape(label)))
            if encoded := attributes.get("data-cfemail"):
                found.append(LineLink("/cdn-cgi/l/email-protection#" + encoded))
        return found

    @cached_property
    def alts(self) -> list[str]:
        """Alternative texts of pictures on the line."""
        return [unescape(alt) for attributes in self._targets if (alt := attributes.get("alt", "").strip())]

    @cached_property
    def _targets(self) -> list[dict[str, str]]:
        return [dict(_ATTRIBUTE.findall(source)) for source in _TARGET.findall(self.source)]


class _Scanner:
    """Gathers lines in document order."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._depth = 0
        self._regions: list[tuple[int, str, str]] = []
        """Open regions: depth, name, and the heading that held outside."""
        self._known: dict[str, str | None] = {}
        """Regions by the attributes that name them."""
        self._heading = ""
        self._in_heading = 0
        self._in_address = 0

    def read(self, html: str) -> list[Line]:
        """Return the lines of a serialised body."""
        parts = _BLOCK.split(html)
        before = ""
        for at in range(0, len(parts) - 1, 4):
            segment, closing, name, source = parts[at : at + 4]
            if segment and not segment.isspace():
                self._add(segment, before)
                before = ""
            if closing:
                self._close(name)
                before = ""
            else:
                if name not in _VOID:
                    self._open(name, source)
                before = source or before
            if len(self.lines) >= MAX_LINES:
                return self.lines
        if parts[-1]:
            self._add(parts[-1], before)
        return self.lines

    def _open(self, name: str, source: str) -> None:
        self._depth += 1
        region = _REGIONS.get(name)
        if region is None and source and name in _NAMED:
            region = self._region(source)
        if name in _HEADINGS:
            self._in_heading += 1
        elif name == "address":
            self._in_address += 1
        if region is not None:
            self._regions.append((self._depth, region, self._heading))
            self._heading = ""

    def _region(self, source: str) -> str | None:
        if source in self._known:
            return self._known[source]
        region = None
        if _MAY_NAME_REGION.search(source):
            attributes = dict(_ATTRIBUTE.findall(source))
            named = _NAMED_REGION.search(f"{attributes.get('class', '')} {attributes.get('id', '')}")
            region = _REGIONS.get(attributes.get("role", "")) or (named.lastgroup if named else None)
        self._known[source] = region
        return region

    def _close(self, name: str) -> None:
        if self._regions and self._depth == self._regions[-1][0]:
            self._heading = self._regions.pop()[2]
        self._depth -= 1
        if name in _HEADINGS:
            self._in_heading -= 1
        elif name == "address":
            self._in_address -= 1

    def _add(self, segment: str, before: str) -> None:
        text = _text_of(segment)
        if not text and "<a" not in segment and "<img" not in segment and "data-cfemail" not in segment:
            return
        region = self._regions[-1][1] if self._regions else "main"
        is_heading = self._in_heading > 0
        self.lines.append(Line(text, before + segment, region, self._heading, is_heading, self._in_address > 0))
        if is_heading and text:
            self._heading = text


def _text_of(segment: str) -> str:
    """Return the text of a line's HTML: words in neighbouring elements stay apart, raised cents become decimals."""
    text = segment
    if "<" in text:
        if "<t" in text or "</t" in text:
            text = _CELL.sub("\t", text)
        if "<sup" in text:
            text = _SUP.sub(_CENT, text)
        text = _TAG.sub(_INLINE, text)
        if _CENT in text:
            text = _CENTS.sub(".", text).replace(_CENT, _INLINE)
        text = _JOINTS.sub(" ", text).replace(_INLINE, "")
    if "&" in text:
        text = unescape(text)
    if "\xad" in text or "\u200b" in text:
        text = text.replace("\xad", "").replace("\u200b", "")
    if "\t" in text:
        text = "\t".join(" ".join(cell.split()) for cell in text.split("\t") if not cell.isspace()).strip("\t")
        return text[:MAX_LINE_CHARACTERS]
    return " ".join(text.split())[:MAX_LINE_CHARACTERS]


@dataclass(frozen=True)
class PageText:
    """The lines of a page, and their texts joined: one search over all is much faster than one a line."""

    lines: list[Line]
    text: str
    lowered: str
    """Lower case, line by line of the same length as `text`."""
    starts: list[int]
    """Where each line begins in `text`."""

    def indices(self, pattern: re.Pattern[str], *, lowered: bool = False) -> list[int]:
        """Return the numbers of the lines that match; the pattern must not match line breaks."""
        found = pattern.finditer(self.lowered if lowered else self.text)
        return list(dict.fromkeys(bisect_right(self.starts, match.start()) - 1 for match in found))


def read_text(tree: LexborHTMLParser) -> PageText:
    """Return the body's lines; the tree loses its scripts and styles."""
    lines = read_lines(tree)
    starts, at = list[int](), 0
    for line in lines:
        starts.append(at)
        at += len(line.text) + 1
    text = "\n".join(line.text for line in lines)
    lowered = text.lower()
    if len(lowered) != len(text):
        # A few letters become two in lower case ("İ").
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    return PageText(lines, text, lowered, starts)


def read_lines(tree: LexborHTMLParser) -> list[Line]:
    """Return the body's lines in document order; the tree loses its scripts and styles."""
    for node in tree.css("script, style"):
        node.decompose()
    body = tree.body
    return [] if body is None else _Scanner().read(_UNREAD.sub("", body.html or ""))


def labels_above(lines: list[Line], index: int, most: int = 2) -> Iterator[str]:
    """Yield the short texts just above a line, nearest first, then its heading: candidates for its label."""
    for line in reversed(lines[max(0, index - most) : index]):
        if 0 < len(line.text) <= 60:
            yield line.text
    if lines[index].heading:
        yield lines[index].heading
