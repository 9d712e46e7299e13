"""The text of a PDF as Markdown, a heading a page, so that each passage names the page it is from."""

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pypdfium2

from tasks.core.errors import ContentFailed, PageSkipped
from tasks.web.content.page_metadata import parse_date

MAX_PAGES = 1_000
"""Pages read of one document."""
MAX_CHARACTERS = 4_000_000
"""Characters read of one document."""
NEEDS_PASSWORD = (4, 5)
"""PDFium's FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY."""
FULL_LINE = 0.7
"""A line that is shorter than this part of the page's longest ends its paragraph."""

_HYPHEN = re.compile("\x02\\s*|\ufffe\\s*")
"""What PDFium writes for a hyphen at the end of a line that is no part of the word."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BULLET = re.compile(r"^[•‣▪●◦∙·*–-]\s+")
_MARKUP = re.compile(r"^(#{1,6}\s|>|\d+[.)]\s|[+]\s|```|~~~|\|)")
_ENDS = (".", "!", "?", ":", ";", "。", "！", "？")


def read_pdf(body: bytes, url: str) -> tuple[str, str, dict[str, Any]]:
    """Its title, its Markdown and what it says of itself: `page_count`, `author`, `published`, `modified`.

    Raises:
        PageSkipped: it is encrypted, or holds pictures of text alone.
        ContentFailed: it is no PDF, or broken.
    """
    try:
        with pypdfium2.PdfDocument(body) as document:  # type: ignore[no-untyped-call]
            facts = document.get_metadata_dict(skip_empty=True)
            count = len(document)
            pages = _read_pages(document, min(count, MAX_PAGES))
    except pypdfium2.PdfiumError as error:
        if error.err_code in NEEDS_PASSWORD:
            raise PageSkipped("encrypted", "the PDF asks for a password") from error
        raise ContentFailed(f"the PDF cannot be read: {str(error).rstrip('.')}") from error
    if not any(re.search(r"\w", text) for text in pages):
        raise PageSkipped("no_text", f"the PDF holds no text on its {count} pages: pictures alone")
    title = _clean(facts.get("Title", "")) or unquote(PurePosixPath(urlsplit(url).path).stem) or url
    sections = [f"## Page {number}\n\n{text}" for number, text in enumerate(pages, 1) if text]
    metadata = {
        "page_count": count,
        "author": _clean(facts.get("Author", "")),
        "published": _moment(facts.get("CreationDate", "")),
        "modified": _moment(facts.get("ModDate", "")),
    }
    return title, "\n\n".join(sections), {name: value for name, value in metadata.items() if value}


def _read_pages(document: pypdfium2.PdfDocument, count: int) -> list[str]:
    pages: list[str] = []
    left = MAX_CHARACTERS
    for index in range(count):
        page = document[index]
        text = page.get_textpage().get_text_bounded()[:left]
        page.close()
        left -= len(text)
        pages.append(_paragraphs(text))
        if left <= 0:
            break
    return pages


def _paragraphs(text: str) -> str:
    """The lines of a page, those of one paragraph joined."""
    lines = [_clean(line) for line in _HYPHEN.sub("", text).splitlines()]
    full = FULL_LINE * max(map(len, lines), default=0)
    paragraphs: list[str] = []
    is_open = False
    for line in lines:
        item = _BULLET.match(line)
        if is_open and line and not item:
            paragraphs[-1] += f" {line}"
        elif line:
            paragraphs.append(f"- {line[item.end() :]}" if item else _MARKUP.sub(r"\\\1", line))
        is_open = len(line) >= full and not line.endswith(_ENDS)
    return "\n\n".join(paragraphs)


def _clean(text: str) -> str:
    return " ".join(_CONTROL.sub("", text).split())


def _moment(value: str) -> str:
    """ISO 8601 of a PDF's `D:20250208122313Z` (ISO 32000-1, 7.9.4)."""
    digits = re.match(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?", value)
    return parse_date("-".join((digits[1], digits[2] or "01", digits[3] or "01"))) if digits else ""
