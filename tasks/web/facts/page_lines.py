"""A document as lines of text: each with its region, its heading, its links and the icons beside it.

The tree is serialised by the parser first, so that tags are balanced and attributes quoted. The source is then split at
the tags of blocks by one regular expression, all parts are turned into text together, and only text that is not empty
is looked at: a walk over the nodes took ten times as long.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from tasks.web.facts.joined_lines import JoinedLines

MAX_LINES = 6_000
MAX_LINE_CHARACTERS = 600
"""Characters of a line that are read; contact data stands at the beginning of longer ones."""

_INLINE, _CENT, _END = "\x02", "\x03", "\x04"
"""Signs for a tag inside a line, for raised cents, and for the end of a line."""
_ATTRIBUTES = rf'[^>"{_END}]*(?:"[^"{_END}]*"[^>"{_END}]*)*'
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
_REGION_MARKS = (
    "role=",
    "foot",
    "copyright",
    "header",
    "topbar",
    "top-bar",
    "masthead",
    "announce",
    "sidebar",
    "side-bar",
)
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
# The sign comes first: a search for a single character is fast, one that begins with a look behind is not.
_JOINTS = re.compile(
    r"\x02(?:(?<=[^\W\d_]\x02)\x02*(?=\d)|(?<=[\d%]\x02)\x02*(?=\w)|(?<=[a-zß-ÿ.,;:!?)]\x02)\x02*(?=[A-ZÀ-Þ(+]))"
)
_CENTS = re.compile(r"(\d)\x02*\x03\x02*(?=\d\d(?!\d))")


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
        parts = _BLOCK.split(html.replace(_END, ""))
        parts += ("", "", "")
        before = ""
        texts = _texts_of(parts[::4])
        for segment, text, closing, name, source in zip(
            parts[::4], texts, parts[1::4], parts[2::4], parts[3::4], strict=True
        ):
            if segment and not segment.isspace():
                self._add(segment, text, before)
                before = ""
            if closing:
                self._close(name)
                before = ""
            elif name:
                if name not in _VOID:
                    self._open(name, source)
                before = source or before
            if len(self.lines) >= MAX_LINES:
                break
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
        lowered = source.lower()
        if any(mark in lowered for mark in _REGION_MARKS):
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

    def _add(self, segment: str, text: str, before: str) -> None:
        if not text and "<a" not in segment and "<img" not in segment and "data-cfemail" not in segment:
            return
        region = self._regions[-1][1] if self._regions else "main"
        is_heading = self._in_heading > 0
        self.lines.append(Line(text, before + segment, region, self._heading, is_heading, self._in_address > 0))
        if is_heading and text:
            self._heading = text


def _texts_of(segments: list[str]) -> list[str]:
    """Return the texts of the lines' HTML: words in neighbouring elements stay apart, raised cents become decimals."""
    text = _END.join(segments)
    if "<td" in text or "<th" in text:
        text = _CELL.sub("\t", text)
    if "<sup" in text:
        text = _SUP.sub(_CENT, text)
    text = _TAG.sub(_INLINE, text)
    if _CENT in text:
        text = _CENTS.sub(r"\1.", text).replace(_CENT, _INLINE)
    text = _JOINTS.sub(" ", text).replace(_INLINE, "")
    if "&" in text:
        text = unescape(text)
    text = text.replace("\xad", "").replace("\u200b", "")
    return ["" if not line or line.isspace() else _squeeze(line) for line in text.split(_END)]


def _squeeze(text: str) -> str:
    """Return the text with single spaces, and single tabs between cells that have text."""
    if "\t" in text:
        text = "\t".join(" ".join(cell.split()) for cell in text.split("\t") if not cell.isspace()).strip("\t")
        return text[:MAX_LINE_CHARACTERS]
    return " ".join(text.split())[:MAX_LINE_CHARACTERS]


class PageText:
    """The lines of a page, and their texts and sources joined for searches."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.joined = JoinedLines(line.text for line in lines)
        self.lowered = JoinedLines(line.text.lower() for line in lines)
        self.beside = JoinedLines("" if line.region == "main" else line.text for line in lines)
        """The lines outside the content."""
        self.sources = JoinedLines(line.source.replace("\n", " ") for line in lines)

    def containing(self, *marks: str) -> list[Line]:
        """Return the lines that have any of the marks in their source."""
        return [self.lines[index] for index in self.sources.containing(*marks)]


def read_text(tree: LexborHTMLParser) -> PageText:
    """Return the body's lines; the tree loses its scripts and styles."""
    return PageText(read_lines(tree))


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
