"""A document as lines of text: each with its region, its heading, its links and the icons beside it.

The tree is serialised by the parser first, so that tags are balanced and attributes quoted; one pass over that text
takes a third of the time of a walk over the nodes.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from selectolax.lexbor import LexborHTMLParser

MAX_LINES = 6_000
MAX_LINE_CHARACTERS = 600
"""Characters of a line that are read; contact data stands at the beginning of longer ones."""
MAX_NAMES = 4
"""Elements around a line whose attributes may describe it."""

_TOKEN = re.compile(r'([^<]*)<(/?)([a-zA-Z][^\s>]*)([^>"]*(?:"[^"]*"[^>"]*)*)>')
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_UNREAD = re.compile(r"<(template|noscript|select|svg|iframe)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_MAY_NAME_REGION = re.compile(r"role=|foot|copyright|header|top-?bar|masthead|announce|side-?bar", re.IGNORECASE)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_BREAKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "dialog"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("header", "hr", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary"),
        *("table", "tbody", "tfoot", "thead", "tr", "ul"),
    )
)
_CELLS = frozenset(("td", "th"))
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
_NAMED_REGION = re.compile(
    r"(?:^|[\s_-])(?:(?P<footer>footer|foot|copyright)|(?P<header>header|topbar|top-bar|masthead|announcement)"
    r"|(?P<aside>sidebar|side-bar))(?:$|[\s_\d-])",
    re.IGNORECASE,
)
_NAMED = frozenset(("div", "section", "td", "ul"))
_ICONS = {
    "phone": re.compile(r"phone|\btel\b|earphone|mobile|\bcall\b|whatsapp"),
    "fax": re.compile(r"\bfax\b|print\b"),
    "email": re.compile(r"envelope|\be?-?mail\b|paper-plane"),
    "address": re.compile(r"\bmap\b|marker|location|\bpin\b|geo-alt|address"),
    "hours": re.compile(r"clock|hours|opening"),
}
_SPACES = re.compile(r"\s+")
_JOINTS = re.compile(r"(?<=[^\W\d_])\x02+(?=\d)|(?<=[\d%])\x02+(?=\w)|(?<=[a-zß-ÿ.,;:!?)])\x02+(?=[A-ZÀ-Þ(+])")
_CENTS = re.compile(r"(?<=\d)\x03(?=\d\d(?!\d))")
_INLINE, _CENT = "\x02", "\x03"


@dataclass(slots=True)
class LineLink:
    """A link on a line: its target, and the name it has for screen readers."""

    href: str
    label: str = ""


@dataclass(slots=True)
class Line:
    """A line of text as visitors see it; cells of a table row are separated by tabs."""

    text: str
    region: str
    heading: str = ""
    """The nearest heading above in the same region."""
    names: list[str] = field(default_factory=list)
    """Attributes of the elements on the line."""
    links: list[LineLink] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)
    """Alternative texts of pictures on the line."""
    is_heading: bool = False
    is_linked: bool = False
    """Whether all of its text is link text."""
    is_address: bool = False
    """Whether it stands in an `address` element."""

    def shows_icon(self, meaning: str) -> bool:
        """Whether an icon or a class name on the line has the meaning: `phone`, `hours` …"""
        return bool(self.names) and _ICONS[meaning].search(" ".join(self.names).lower()) is not None


class _Scanner:
    """Gathers lines from tags and texts in document order."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._parts: list[str] = []
        self._names: list[str] = []
        self._links: list[LineLink] = []
        self._alts: list[str] = []
        self._depth = 0
        self._regions: list[tuple[int, str, str]] = []
        """Open regions: depth, name, and the heading that held outside."""
        self._known: dict[str, str | None] = {}
        """Regions by the attributes that name them."""
        self._heading = ""
        self._in_heading = 0
        self._in_link = 0
        self._in_address = 0
        self._is_unlinked = False

    def read(self, html: str) -> list[Line]:
        parts = self._parts
        for text, closing, name, source in _TOKEN.findall(html):
            if text and not text.isspace():
                parts.append(text)
                if not self._in_link:
                    self._is_unlinked = True
            elif text and parts:
                parts.append(" ")
            if name in _BREAKS:
                if parts or self._links or self._alts:
                    self._break()
                    parts = self._parts
            elif parts:
                parts.append("\t" if name in _CELLS else _CENT if name == "sup" else _INLINE)
            if closing:
                self._close(name)
            else:
                self._open(name, source)
                if len(self.lines) >= MAX_LINES:
                    break
        self._break()
        return self.lines

    def _open(self, name: str, source: str) -> None:
        if name not in _VOID:
            self._depth += 1
            if name in _HEADINGS:
                self._in_heading += 1
            elif name == "a":
                self._in_link += 1
            elif name == "address":
                self._in_address += 1
            region = _REGIONS.get(name)
            if region is None and source and name in _NAMED:
                region = self._region(source)
            if region is not None:
                self._regions.append((self._depth, region, self._heading))
                self._heading = ""
        if source:
            self._names.append(source)
            if name == "a" or name == "img" or "data-cfemail" in source:
                self._keep_target(name, dict(_ATTRIBUTE.findall(source)))

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

    def _keep_target(self, name: str, attributes: dict[str, str]) -> None:
        if name == "img":
            if alt := attributes.get("alt", "").strip():
                self._alts.append(unescape(alt))
        elif href := attributes.get("href"):
            label = attributes.get("aria-label") or attributes.get("title") or ""
            self._links.append(LineLink(unescape(href).strip(), unescape(label)))
        if encoded := attributes.get("data-cfemail"):
            self._links.append(LineLink("/cdn-cgi/l/email-protection#" + encoded))

    def _close(self, name: str) -> None:
        if self._regions and self._depth == self._regions[-1][0]:
            self._heading = self._regions.pop()[2]
        self._depth -= 1
        if name in _HEADINGS:
            self._in_heading -= 1
        elif name == "a":
            self._in_link -= 1
        elif name == "address":
            self._in_address -= 1

    def _break(self) -> None:
        text = _clean("".join(self._parts)) if self._parts else ""
        if text or self._links or self._alts:
            region = self._regions[-1][1] if self._regions else "main"
            is_heading = self._in_heading > 0
            self.lines.append(
                Line(
                    text,
                    region,
                    self._heading,
                    self._names,
                    self._links,
                    self._alts,
                    is_heading,
                    not self._is_unlinked,
                    self._in_address > 0,
                )
            )
            if is_heading and text:
                self._heading = text
            self._links, self._alts = [], []
            self._names = []
        elif len(self._names) > MAX_NAMES:
            del self._names[:-MAX_NAMES]
        self._parts, self._is_unlinked = [], False


def _clean(text: str) -> str:
    if "&" in text:
        text = unescape(text)
    if _INLINE in text or _CENT in text:
        text = _CENTS.sub(".", text).replace(_CENT, _INLINE)
        text = _JOINTS.sub(" ", text).replace(_INLINE, "")
    if "\xad" in text or "\u200b" in text:
        text = text.replace("\xad", "").replace("\u200b", "")
    cells = [" ".join(cell.split()) for cell in text.split("\t")] if "\t" in text else None
    text = " ".join(text.split()) if cells is None else "\t".join(cells).strip("\t")
    return text[:MAX_LINE_CHARACTERS]


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
