"""Reads a file as a document: PDF, DOCX, Markdown or plain text, told by its bytes and the ending of its name."""

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import quote

from tasks.core.errors import ContentFailed, PageSkipped
from tasks.core.models import Frozen
from tasks.documents.docx import read_docx
from tasks.documents.pdf import read_pdf
from tasks.documents.text import escape_markup, split_front_matter

MAX_CHARACTERS = 1_000_000
"""Characters of a document's Markdown; a longer one is refused, as a part of it would answer for the whole."""
MARKDOWN_ENDINGS = frozenset((".md", ".markdown", ".mdown"))

_PDF_WITHIN = 1_024
"""Bytes at the start of a PDF within which it says so; many begin with something else."""
_OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


class DocumentKind(StrEnum):
    """The format of a document."""

    pdf = "pdf"
    docx = "docx"
    markdown = "markdown"
    text = "text"


class Document(Frozen):
    """A document as it was read."""

    kind: DocumentKind
    title: str
    """Its own, or the name of its file."""
    markdown: str


def read_document(body: bytes, name: str) -> Document:
    """Return the document in the file; for child processes, as all that strangers send.

    Raises:
        PageSkipped: it is encrypted, or has no text.
        ContentFailed: it is broken, too long, or of another format.
    """
    kind = _kind_of(body, name)
    title, markdown = map(_without_halves, _READERS[kind](body, name))
    if not re.search(r"\w", markdown):
        raise PageSkipped("no_text", "it has no text")
    if len(markdown) > MAX_CHARACTERS:
        raise ContentFailed(f"it has more than {MAX_CHARACTERS:,} characters: split it")
    return Document(kind=kind, title=title or PurePosixPath(name).stem or name, markdown=markdown)


def _without_halves(text: str) -> str:
    """Return the text with a mark in place of each half of a surrogate pair, which PDFs may have and no model takes."""
    return text.encode("utf-8", "replace").decode()


def _kind_of(body: bytes, name: str) -> DocumentKind:
    if b"%PDF-" in body[:_PDF_WITHIN]:
        return DocumentKind.pdf
    if body.startswith(b"PK\x03\x04"):
        return DocumentKind.docx
    if body.startswith(_OLD_WORD):
        raise ContentFailed("it is encrypted, or in the format of Word before 2007: save it as DOCX without a password")
    is_markdown = PurePosixPath(name).suffix.lower() in MARKDOWN_ENDINGS
    return DocumentKind.markdown if is_markdown else DocumentKind.text


def _read_pdf(body: bytes, name: str) -> tuple[str, str]:
    title, markdown, _ = read_pdf(body, quote(name))
    return title, markdown


def _read_docx(body: bytes, _: str) -> tuple[str, str]:
    return read_docx(body)


def _read_markdown(body: bytes, _: str) -> tuple[str, str]:
    title, markdown = split_front_matter(_decode(body))
    heading = re.match(r"\s*#[ \t]+([^\n]{1,200})", markdown)
    return title or (heading[1].strip() if heading else ""), markdown


def _read_text(body: bytes, _: str) -> tuple[str, str]:
    return "", "\n".join(escape_markup(line) for line in _decode(body).splitlines())


def _decode(body: bytes) -> str:
    """Return the text; other encodings than Unicode's are not guessed, since a wrong guess would be quoted."""
    try:
        text = body.decode("utf-16" if body.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentFailed("it is no PDF, DOCX, or text in UTF-8: save it as one of these") from error
    if _CONTROL.search(text):
        raise ContentFailed("it is no PDF, DOCX or text: it has control characters")
    return text.replace("\r\n", "\n").replace("\r", "\n")


_READERS: dict[DocumentKind, Callable[[bytes, str], tuple[str, str]]] = {
    DocumentKind.pdf: _read_pdf,
    DocumentKind.docx: _read_docx,
    DocumentKind.markdown: _read_markdown,
    DocumentKind.text: _read_text,
}
