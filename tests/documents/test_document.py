"""Files of owners: the format is told by the bytes, the title by the document, and what cannot be read is refused."""

import pytest

from tasks.core.errors import ContentFailed, PageSkipped
from tasks.documents import document
from tasks.documents.document import DocumentKind, read_document
from tests.documents.files import make_docx, paragraph
from tests.web.test_pdf import make_pdf


@pytest.mark.parametrize(
    ("body", "name", "kind", "title", "text"),
    [
        (
            make_pdf(["Boats cost 12."]),
            "Price list.pdf",
            "pdf",
            "Price list",
            "## Page 1\n\nBoats cost 12.",
        ),
        (make_pdf(["Hello."]), "100% & #1?.PDF", "pdf", "100% & #1?", "## Page 1\n\nHello."),
        (make_docx(paragraph("Boats cost 12 €.")), "prices.docx", "docx", "prices", "Boats cost 12 €."),
        (make_docx(paragraph("Boats."), title="Prices"), "list.bin", "docx", "Prices", "Boats."),
        (b"---\ntitle: Prices\n---\n# Boats\n", "a.md", "markdown", "Prices", "# Boats\n"),
        (b"# Boats\n\nFrom 12.", "a.MD", "markdown", "Boats", "# Boats\n\nFrom 12."),
        (b"# one\r\n1. two\r\n", "notes.txt", "text", "notes", "\\# one\n\\1. two"),
        ("Größe: 3 m".encode("utf-16"), "masse.txt", "text", "masse", "Größe: 3 m"),
        ("\ufeffGröße".encode(), "masse", "text", "masse", "Größe"),
    ],
    ids=["pdf", "odd name", "docx", "docx by its bytes", "front matter", "heading", "plain", "utf-16", "bom"],
)
def test_documents_are_read_with_their_titles(body: bytes, name: str, kind: str, title: str, text: str) -> None:
    """Their own, or the name of the file."""
    read = read_document(body, name)
    assert (read.kind, read.title, read.markdown) == (DocumentKind(kind), title, text)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "no PDF, DOCX, or text"),
        (b"GIF89a\x01\0", "control characters"),
        ("Größe".encode("latin-1"), "in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "save it as DOCX"),
        (b"%PDF-1.4 and no more", "the PDF cannot be read"),
        (b" \n-- \n", "has no text"),
        (b"", "has no text"),
    ],
    ids=["picture", "other picture", "other encoding", "old Word", "broken PDF", "no words", "empty"],
)
def test_what_cannot_be_read_is_refused_with_its_cause(body: bytes, cause: str) -> None:
    """And, where there is one, the way out."""
    with pytest.raises((ContentFailed, PageSkipped), match=cause):
        read_document(body, "file")


def test_a_document_that_is_too_long_is_not_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of it would answer for the whole."""
    monkeypatch.setattr(document, "MAX_CHARACTERS", 100)
    with pytest.raises(ContentFailed, match="split it"):
        read_document(b"word " * 50, "long.txt")
