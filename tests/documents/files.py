"""Files as owners send them, made for the tests."""

import io
import zipfile
from collections.abc import Mapping

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = """
<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
"""
LINK = "https://example.com/prices"


def paragraph(text: str, *, style: str = "", level: int | None = None) -> str:
    """A paragraph of a Word document, in a style or an item of a list."""
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    listed = "" if level is None else f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
    return f"<w:p><w:pPr>{styled}{listed}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def table(*rows: tuple[str, ...]) -> str:
    """A table of a Word document."""
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def make_docx(*blocks: str, head: str = "", title: str = "", namespace: str = NAMESPACE) -> bytes:
    """A Word document of these blocks; `head` comes before its root element."""
    root = f'xmlns:w="{namespace}" xmlns:r="relations"'
    parts = {
        "word/document.xml": f"{head}<w:document {root}><w:body>{''.join(blocks)}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {root}>{STYLES}</w:styles>",
        "word/_rels/document.xml.rels": f'<Relationships><Relationship Id="r1" Target="{LINK}"/></Relationships>',
    }
    if title:
        core = f'<c:core xmlns:c="core" xmlns:dc="dublin-core"><dc:title>{title}</dc:title></c:core>'
        parts["docProps/core.xml"] = core
    return make_archive(parts)


def make_archive(parts: Mapping[str, str | bytes]) -> bytes:
    """A compressed archive of these parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()
