"""Converts a Word document (DOCX, ISO/IEC 29500) to Markdown: headings, paragraphs, lists, tables and links."""

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tasks.core.errors import ContentFailed
from tasks.documents.text import escape_markup

MAX_PART_BYTES = 30 * 1024**2
"""Unpacked bytes read of one part of the archive."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)
"""Errors of zipfile: no archive, a damaged part, a method that it does not know, a password, cut off, bad places."""
MAX_INDENT = 4
"""Levels of lists that are told apart."""

_HEADING = re.compile(r"heading ([1-6])\Z", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEFT_OUT = frozenset(("del", "moveFrom", "Fallback", "instrText", "delText", "pPr", "rPr", "tblPr", "sdtPr"))
"""Elements without text that a reader of the document sees: deleted, of field codes, or given twice."""
_SPACES = frozenset(("tab", "br", "cr", "p"))


@dataclass(frozen=True)
class _Context:
    """The parts of the archive that the text refers to."""

    headings: dict[str, int]
    """Levels of headings by the style's id; 0 is the document's title."""
    links: dict[str, str]
    """Web addresses by the relationship's id."""


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses document types: Word writes none, and entities could make a small part a large one."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Raise ContentFailed."""
        raise ContentFailed("the document has a document type, which Word does not write")


def read_docx(body: bytes) -> tuple[str, str]:
    """Return title and Markdown; the title is empty if the document has none.

    Raises:
        ContentFailed: not a DOCX, a broken one, or one that unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            document = _read_part(archive, "word/document.xml")
            context = _Context(_headings(archive), _links(archive))
            core = _read_part(archive, "docProps/core.xml")
    except _BROKEN as error:
        raise ContentFailed(f"the archive is broken or encrypted: {error}") from error
    if document is None:
        raise ContentFailed("the archive has no Word document in it")
    titles: list[str] = []
    try:
        blocks = list(_blocks(document, context, titles))
    except RecursionError as error:
        raise ContentFailed("the document is nested too deeply") from error
    titles += [] if core is None else [_clean(it.text or "") for it in core if _name(it) == "title"]
    # Items of one list stand on lines of their own, without an empty one.
    text = "\n\n".join(blocks)
    return next(filter(None, titles), ""), re.sub(r"(?m)^( *- .*)\n\n(?= *- )", r"\1\n", text)


def _read_part(archive: zipfile.ZipFile, name: str) -> Element | None:
    """Return a part of the archive as a tree; None if there is none."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    with archive.open(info) as part:
        # Not the size that the archive states: it may be wrong.
        found = part.read(MAX_PART_BYTES + 1)
    if len(found) > MAX_PART_BYTES:
        raise ContentFailed(f"{name} unpacks to more than {MAX_PART_BYTES // 1024**2} MB")
    try:
        return ElementTree.fromstring(found, ElementTree.XMLParser(target=_NoDoctype()))
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        # The last two: of an encoding that there is not, or that the parser does not take.
        raise ContentFailed(f"{name} is not valid XML: {error}") from error


def _headings(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return the levels of headings by the styles' ids, which differ by Word's language; their names do not."""
    found: dict[str, int] = {}
    styles = _read_part(archive, "word/styles.xml")
    for style in [] if styles is None else styles:
        name = _value(style, "name")
        if level := _HEADING.match(name):
            found[_attribute(style, "styleId")] = int(level[1])
        elif name.lower() == "title":
            found[_attribute(style, "styleId")] = 0
    return found


def _links(archive: zipfile.ZipFile) -> dict[str, str]:
    relations = _read_part(archive, "word/_rels/document.xml.rels")
    addresses = {} if relations is None else {it.get("Id", ""): it.get("Target", "") for it in relations}
    return {id_: url for id_, url in addresses.items() if re.match(r"(https?://|mailto:)[^\s()<>]+\Z", url)}


def _blocks(parent: Element, context: _Context, titles: list[str]) -> Iterator[str]:
    """Yield the blocks of Markdown; paragraphs in the style of titles are added to `titles`."""
    for element in parent:
        kind = _name(element)
        if kind in _LEFT_OUT:
            continue
        if kind == "p":
            if text := _clean(_text(element, context)):
                yield _paragraph(element, text, context, titles)
        elif kind == "tbl":
            if table := _table(element, context):
                yield table
        else:
            yield from _blocks(element, context, titles)


def _paragraph(element: Element, text: str, context: _Context, titles: list[str]) -> str:
    level = context.headings.get(_value(element, "pPr", "pStyle"))
    if level == 0:
        titles.append(text)
    if level is not None:
        return f"{'#' * max(level, 1)} {text}"
    if _find(element, "pPr", "numPr") is None:
        return escape_markup(text)
    depth = _value(element, "pPr", "numPr", "ilvl")
    # Python refuses to convert thousands of digits.
    return f"{'  ' * min(int(depth[:4]) if depth.isdecimal() else 0, MAX_INDENT)}- {text}"


def _table(element: Element, context: _Context) -> str:
    """Return a table whose first row is its head, or the text of a table with a single cell."""
    rows = [
        [_clean(_text(cell, context)).replace("|", r"\|") for cell in row if _name(cell) == "tc"]
        for row in element
        if _name(row) == "tr"
    ]
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(map(len, rows))
    if width == 1:
        return "\n\n".join(row[0] for row in rows)
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
    return "\n".join([lines[0], "|---" * width + "|", *lines[1:]])


def _text(element: Element, context: _Context) -> str:
    """Return the text in an element, with its links."""
    parts: list[str] = []
    for child in element:
        kind = _name(child)
        if kind in _LEFT_OUT or (kind == "r" and _find(child, "rPr", "vanish") is not None):
            continue
        if kind == "t":
            parts.append(child.text or "")
        elif kind == "noBreakHyphen":
            parts.append("-")
        else:
            text = _text(child, context)
            url = context.links.get(_attribute(child, "id")) if kind == "hyperlink" else None
            parts += [" " if kind in _SPACES else "", f"[{text}]({url})" if url and text.strip() else text]
    return "".join(parts)


def _find(element: Element, *path: str) -> Element | None:
    """Return the first descendant at the path of names."""
    found: Element | None = element
    for name in path:
        found = None if found is None else next((child for child in found if _name(child) == name), None)
    return found


def _value(element: Element, *path: str) -> str:
    found = _find(element, *path)
    return "" if found is None else _attribute(found, "val")


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")


def _name(element: Element) -> str:
    """Return the name without its namespace, of which there are two: transitional and strict documents."""
    return element.tag.rpartition("}")[2]


def _clean(text: str) -> str:
    return " ".join(_CONTROL.sub("", text).split())
