"""A PDF is read as a page, with one heading per PDF page."""

import io

import pypdfium2
import pytest

from tasks.core.errors import ContentFailed, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, ReadPage, Target
from tasks.web.content.main_content import read_page


def make_pdf(*pages: list[str], info: str = "") -> bytes:
    """A PDF with these lines on its pages (ISO 32000-1, 7.5: objects, then where they are)."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, lines in enumerate(pages):
        text = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 50 700 Td {text} ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {5 + 2 * index} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects.append(f"<< {info} >>")
    body, places = "%PDF-1.4\n", []
    for number, value in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{value}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")


def read(body: bytes) -> ReadPage:
    """Read the PDF."""
    url = "https://example.com/files/Opening%20hours.pdf"
    target = Target(url=url, depth=1)
    return read_page(
        FetchedPage(target=target, final_url=url, method=FetchMethod.http, html="", byte_count=len(body), pdf=body)
    )


def test_each_page_has_its_heading_and_lines_are_joined() -> None:
    """So that a passage names its page, and sentences are not cut at line ends."""
    page = read(make_pdf(["The office is open from nine until", "five.", "Closed on Sundays."], ["Call us."]))
    assert page.markdown == (
        "## Page 1\n\nThe office is open from nine until five.\n\nClosed on Sundays.\n\n## Page 2\n\nCall us."
    )


def test_title_and_facts_are_those_of_the_document() -> None:
    """The file's name is the title where the document has none."""
    info = "/Title (Price list) /Author (Ada) /CreationDate (D:20250208122313Z)"
    page = read(make_pdf(["Prices"], info=info))
    assert page.title == "Price list"
    assert page.metadata == {
        "method": "http",
        "escalated": False,
        "page_count": 1,
        "author": "Ada",
        "published": "2025-02-08",
    }
    assert read(make_pdf(["Prices"])).title == "Opening hours"


def test_signs_of_markdown_at_the_begin_of_a_line_are_text() -> None:
    """Not a heading or a list of ours."""
    assert "\\# not a heading" in read(make_pdf(["# not a heading"])).markdown


def test_a_pdf_of_pictures_is_left_out() -> None:
    """With the reason."""
    with pytest.raises(PageSkipped, match="only images") as skipped:
        read(make_pdf([], []))
    assert skipped.value.reason == "no_text"


@pytest.mark.parametrize("body", [b"", b"no PDF", make_pdf(["x"])[:40]])
def test_a_broken_pdf_fails_with_its_cause(body: bytes) -> None:
    """It does not count as an empty page."""
    with pytest.raises(ContentFailed, match="the PDF cannot be read"):
        read(body)


def test_pdfs_that_pdfium_writes_are_read() -> None:
    """The text is the same after PDFium saved the file again."""
    document = pypdfium2.PdfDocument(make_pdf(["The same words"]))
    saved = io.BytesIO()
    document.save(saved)
    assert "The same words" in read(saved.getvalue()).markdown
