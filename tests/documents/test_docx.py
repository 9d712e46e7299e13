"""Word documents as Markdown: what a reader of the document sees, in its structure, within limits."""

import contextlib
import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.errors import ContentFailed, PageError
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


def _misplaced() -> bytes:
    """An archive whose list of parts begins further on than where it says: the parts would lie before the file."""
    body = make_docx(paragraph("Text"))
    return body[50:]


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
        (_misplaced(), "broken or encrypted"),
        (make_docx("<w:p>"), "not valid XML"),
        (make_docx(head='<?xml version="1.0" encoding="none"?>'), "not valid XML"),
        (make_docx(head='<?xml version="1.0" encoding="utf-7"?>'), "not valid XML"),
        (make_docx("<w:sdt>" * 20_000 + paragraph("Text") + "</w:sdt>" * 20_000), "nested too deeply"),
        (make_docx(f"<w:p>{'<w:smartTag>' * 20_000}{'</w:smartTag>' * 20_000}</w:p>"), "nested too deeply"),
    ],
    ids=[
        *("cut at the start", "cut at the end", "damaged", "encrypted", "a table", "places before the file"),
        *("broken XML", "unknown encoding", "encoding of several bytes", "deep blocks", "deep text"),
    ],
)
def test_what_is_no_document_is_named(body: bytes, cause: str) -> None:
    """With its cause."""
    with pytest.raises(ContentFailed, match=cause):
        read_docx(body)


def test_a_level_of_thousands_of_digits_is_a_deep_one() -> None:
    """Python refuses to convert it."""
    item = paragraph("Text", level=1).replace('w:ilvl w:val="1"', f'w:ilvl w:val="{"9" * 5_000}"')
    assert read_docx(make_docx(item))[1] == "- Text".rjust(2 * docx.MAX_INDENT + 6)


GOOD = make_docx(
    *(paragraph("Prices", style="Titel"), paragraph("Boats", level=1), table(("Boat", "Hour"), ("Small", "12"))),
    title="Boats",
)
PIECES = st.binary(max_size=8) | st.sampled_from(
    [b"<w:p>", b"</w:p>", b"<!--", b"<![CDATA[", b"&#0;", b"&x;", b'w:val="', b"<w:tbl>", b"PK\x01\x02", b"\xff" * 4]
)
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), PIECES), min_size=1, max_size=4)


def change(text: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """The text with pieces in the place of others."""
    for where, length, piece in changes:
        at = round(where * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@given(changes=CHANGES, part=st.sampled_from(["", "word/document.xml", "word/styles.xml", "docProps/core.xml"]))
def test_whatever_is_changed_in_a_document_it_is_read_or_refused_by_name(
    changes: list[tuple[float, int, bytes]], part: str
) -> None:
    """In a part of the archive, or in the archive itself."""
    if part:
        with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        body = make_archive({**parts, part: change(parts[part], changes)})
    else:
        body = change(GOOD, changes)
    with contextlib.suppress(PageError):
        read_docx(body)
