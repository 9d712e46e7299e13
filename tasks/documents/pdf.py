"""Converts a PDF to Markdown with one heading per page, so that each passage names its page."""

import re
from datetime import date
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pypdfium2

from tasks.core.errors import ContentFailed, PageSkipped
from tasks.documents.text import escape_markup

MAX_PAGES = 1_000
"""Pages read of one document."""
MAX_CHARACTERS = 4_000_000
"""Characters read of one document."""
NEEDS_PASSWORD = (4, 5)
"""PDFium's FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY."""
FULL_LINE = 0.7
"""A line shorter than this share of the page's longest line ends its paragraph."""

_HYPHEN = re.compile("\x02\\s*|\ufffe\\s*")
"""PDFium's characters for a soft hyphen at the end of a line."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BULLET = re.compile(r"^[•‣▪●◦∙·*–-]\s+")
_ENDS = (".", "!", "?", ":", ";", "。", "！", "？")


def read_pdf(body: bytes, url: str) -> tuple[str, str, dict[str, Any]]:
    """Return title, Markdown and metadata: `page_count`, `author`, `published`, `modified`.

    Raises:
        PageSkipped: the PDF is encrypted, or has only images of text.
        ContentFailed: not a PDF, or a broken one.
    """
    try:
        with pypdfium2.PdfDocument(body) as document:  # type: ignore[no-untyped-call]
            facts = document.get_metadata_dict(skip_empty=True)
            count = len(document)
            pages = _read_pages(document, min(count, MAX_PAGES))
    except pypdfium2.PdfiumError as error:
        if error.err_code in NEEDS_PASSWORD:
            raise PageSkipped("encrypted", "the PDF is password-protected") from error
        raise ContentFailed(f"the PDF cannot be read: {str(error).rstrip('.')}") from error
    if not any(re.search(r"\w", text) for text in pages):
        raise PageSkipped("no_text", f"the PDF has no text on its {count} pages, only images")
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
    """Join the lines of a page into paragraphs."""
    lines = [_clean(line) for line in _HYPHEN.sub("", text).splitlines()]
    full = FULL_LINE * max(map(len, lines), default=0)
    paragraphs: list[str] = []
    is_open = False
    for line in lines:
        item = _BULLET.match(line)
        if is_open and line and not item:
            paragraphs[-1] += f" {line}"
        elif line:
            paragraphs.append(f"- {line[item.end() :]}" if item else escape_markup(line))
        is_open = len(line) >= full and not line.endswith(_ENDS)
    return "\n\n".join(paragraphs)


def _clean(text: str) -> str:
    return " ".join(_CONTROL.sub("", text).split())


def _moment(value: str) -> str:
    """Convert a PDF date such as `D:20250208122313Z` (ISO 32000-1, 7.9.4) to an ISO 8601 day."""
    digits = re.match(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?", value)
    if digits is None:
        return ""
    try:
        return date(int(digits[1]), int(digits[2] or 1), int(digits[3] or 1)).isoformat()
    except ValueError:
        return ""
