"""Word documents as Markdown: what a reader of the document sees, in its structure, within limits."""

import io
import struct
import zipfile

import pytest

from tasks.core.errors import ContentFailed
from tasks.documents import docx
from tasks.documents.docx import read_docx
from tests.documents.files import LINK, NAMESPACE, make_archive, make_docx, paragraph, table

STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


@pytest.mark.parametrize("namespace", [NAMESPACE, STRICT], ids=["transitional", "strict"])
def test_headings_lists_and_tables_keep_their_structure(namespace: str) -> None:
    """Headings are told by the names of their styles: the ids differ by Word's language."""
    title, text = read_docx(
        make_docx(
            paragraph("Boat hire", style="Titel"),
            paragraph("Prices", style="berschrift2"),
            table(("Boat", "Hour"), ("Rowing | small", "12 €"), ("Sailing", "30 €")),
            paragraph("Bring:"),
            paragraph("a towel", level=0),
            paragraph("a big one", level=1),
            paragraph("# is no heading"),
            namespace=namespace,
        )
    )
    assert title == "Boat hire"
    assert text == (
        "# Boat hire\n\n## Prices\n\n| Boat | Hour |\n|---|---|\n| Rowing \\| small | 12 € |\n| Sailing | 30 € |\n\n"
        "Bring:\n\n- a towel\n  - a big one\n\n\\# is no heading"
    )


def test_the_title_may_stand_in_the_properties() -> None:
    """One that is shown in the document comes before it."""
    assert read_docx(make_docx(paragraph("Text"), title="Terms"))[0] == "Terms"
    assert read_docx(make_docx(paragraph("Shown", style="Titel"), title="Terms"))[0] == "Shown"
    assert read_docx(make_docx(paragraph("Text")))[0] == ""


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ("<w:r><w:t>Open</w:t><w:tab/><w:t>daily</w:t><w:br/><w:t>9–5</w:t></w:r>", "Open daily 9–5"),
        ("<w:r><w:t>We </w:t></w:r><w:ins><w:r><w:t>now </w:t></w:r></w:ins><w:r><w:t>open</w:t></w:r>", "We now open"),
        ("<w:r><w:t>10</w:t></w:r><w:del><w:r><w:t> or 20</w:t></w:r></w:del>", "10"),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>shown</w:t></w:r>", "shown"),
        ('<w:hyperlink r:id="r1"><w:r><w:t>Prices</w:t></w:r></w:hyperlink>', f"[Prices]({LINK})"),
        ('<w:hyperlink r:id="r9"><w:r><w:t>Prices</w:t></w:r></w:hyperlink>', "Prices"),
        ("<w:r><w:instrText>PAGE</w:instrText><w:t>page</w:t></w:r>", "page"),
        ("<w:sdt><w:sdtContent><w:r><w:t>Chosen</w:t></w:r></w:sdtContent></w:sdt>", "Chosen"),
    ],
    ids=["spaces", "inserted", "deleted", "hidden", "link", "unknown link", "field", "control"],
)
def test_the_text_is_that_which_a_reader_sees(runs: str, text: str) -> None:
    """Inserted and chosen text; nothing deleted, hidden or of a field's code."""
    assert read_docx(make_docx(f"<w:p>{runs}</w:p>"))[1] == text


def test_a_document_in_a_box_is_read_once() -> None:
    """Word writes a text box twice, the second time for old versions."""
    box = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
    doubled = f"<AlternateContent><Choice>{box}</Choice><Fallback>{box}</Fallback></AlternateContent>"
    assert read_docx(make_docx(f"<w:p><w:r>{doubled.replace('{}', 'In a box')}</w:r></w:p>"))[1] == "In a box"


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever size the archive states."""
    monkeypatch.setattr(docx, "MAX_PART_BYTES", 100_000)
    with pytest.raises(ContentFailed, match="unpacks to more than"):
        read_docx(make_docx(paragraph("0" * 200_000)))


def test_entities_are_refused() -> None:
    """A document type may define entities that multiply."""
    head = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(ContentFailed, match="document type"):
        read_docx(make_docx(paragraph("&b;"), head=head))


def _damaged() -> bytes:
    """A document whose packed text is no such thing."""
    body = bytearray(make_docx(paragraph("Text " * 500)))
    packed = body.index(b"word/document.xml") + len("word/document.xml")
    body[packed : packed + 12] = b"\xff" * 12
    return bytes(body)


def _encrypted() -> bytes:
    """An archive whose document says that it is encrypted: bit 0 of the flags of its central entry."""
    packed = bytearray(make_docx(paragraph("Text")))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        at = archive.start_dir
    (flags,) = struct.unpack_from("<H", packed, at + 8)
    struct.pack_into("<H", packed, at + 8, flags | 1)
    return bytes(packed)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"PK\x03\x04 and no more", "broken or encrypted"),
        (make_docx(paragraph("Text"))[:-40], "broken or encrypted"),
        (_damaged(), "broken or encrypted"),
        (_encrypted(), "broken or encrypted"),
        (make_archive({"xl/workbook.xml": "<x/>"}), "no Word document"),
        (make_docx("<w:p>"), "not valid XML"),
    ],
    ids=["cut at the start", "cut at the end", "damaged", "encrypted", "a table", "broken XML"],
)
def test_what_is_no_document_is_named(body: bytes, cause: str) -> None:
    """With its cause."""
    with pytest.raises(ContentFailed, match=cause):
        read_docx(body)
