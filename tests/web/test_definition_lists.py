"""Definition lists: short values keep their names; lists of questions and of explained terms stay as they are."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.web.content.markdown import to_markdown


def markdown_of(html: str) -> str:
    """The document's body as Markdown."""
    body = LexborHTMLParser(f"<body>{html}</body>").body
    assert body is not None
    return to_markdown(body)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            "<dl><dt>One cat</dt><dd>£14 a night</dd><dt>Two cats sharing</dt><dd>£22 a night</dd></dl>",
            "- One cat: £14 a night\n- Two cats sharing: £22 a night",
        ),
        (
            "<dl><div><dt>Weight:</dt><dd><p>1.2 kg</p></dd></div><div><dt>Size</dt><dd>3 <b>cm</b></dd></div></dl>",
            "- Weight: 1.2 kg\n- Size: 3 **cm**",
        ),
        (
            "<dl><dt>Mon</dt><dt>Tue</dt><dd>9–5</dd><dd>or by appointment</dd></dl>",
            "- Mon, Tue: 9–5, or by appointment",
        ),
        (
            '<dl><dt>E-mail</dt><dd><a href="mailto:a@b.example">a@b.example</a></dd></dl>',
            "- E-mail: <a@b.example>",
        ),
        ("<dl><dt>A &amp; B</dt><dd>1 &lt; 2</dd></dl>", "- A & B: 1 < 2"),
        ("<dl><dt>list.<b>append</b>(x)</dt><dd>Add an item.</dd></dl>", "- list.**append**(x): Add an item."),
    ],
)
def test_short_values_are_written_with_their_names(html: str, markdown: str) -> None:
    """Several names share their values; names are not punctuated twice."""
    assert markdown_of(html) == markdown


@pytest.mark.parametrize(
    "html",
    [
        "<dl><dt>May I come?</dt><dd>Yes.</dd></dl>",
        "<dl><dt>API</dt><dd><p>One.</p><p>Two.</p></dd></dl>",
        f"<dl><dt>Kiln</dt><dd>{'It fires clay. ' * 20}</dd></dl>",
        "<dl><dt>Parts</dt><dd><ul><li>Seal</li></ul></dd></dl>",
        "<dl><dt>Alone</dt></dl>",
        "<dl><dt>SKU:</dt><dt>Width:</dt><dd>4 in</dd></dl>",
        "<dl>Beside<dt>Name</dt><dd>value</dd></dl>",
    ],
)
def test_other_lists_stay(html: str) -> None:
    """Nothing is joined, and nothing is lost."""
    written = markdown_of(html)
    assert ": " not in written
    words = LexborHTMLParser(html).body.text(separator=" ").split()  # type: ignore[union-attr]
    assert all(word in written for word in words)


def test_a_list_within_a_list_loses_nothing() -> None:
    """Neither where the outer one is a list of values."""
    inner = "<dl><dt>c</dt><dd>d</dd></dl>"
    for html in (f"<dl><dt>a</dt><dd>b</dd>{inner}</dl>", f"<dl><dt>a</dt><dd>{inner}</dd></dl>"):
        assert "- c: d" in markdown_of(html)
        assert "a" in markdown_of(html)
