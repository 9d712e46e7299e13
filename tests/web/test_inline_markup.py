"""Icons, raised text, invisible characters and addresses within a line: they keep their meaning."""

# ruff: noqa: E501 - markup reads worse when it is broken into lines.
import pytest

from tests.web.harbour_page import LEAD, LONG, markdown_of

ICONS = {
    "pictures": '<td><img src=n.svg alt="Not included"></td><td><img src=y.svg alt="Included"></td>',
    "drawings": '<td><svg role=img aria-label="Not included"></svg></td><td><svg><title>Included</title></svg></td>',
    "spoken": "<td><i class=x aria-hidden=true></i><span class=sr-only>Not included</span></td><td><span class=sr-only>Included</span></td>",
    "titles": '<td><i class="icon" title="Not included"></i></td><td><span aria-label="Included" class=icon></span></td>',
    "role": '<td><span role=img aria-label="Not included"></span></td><td><div role=img aria-label="Included"></div></td>',
}


@pytest.mark.parametrize("cells", ICONS.values(), ids=ICONS)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_icons_in_cells_say_what_they_mean(cells: str, around: str) -> None:
    """A comparison of plans would say nothing without them."""
    markdown = markdown_of(
        f"<table><tr><th>Feature</th><th>Basic</th><th>Pro</th></tr><tr><td>Own domain</td>{cells}</tr></table>",
        around=around,
    )
    assert "Own domain" in markdown
    assert [cell.strip() for cell in markdown.split("| Own domain")[1].split("|")[1:3]] == ["Not included", "Included"]


def test_icons_without_words_are_read_by_their_names() -> None:
    """Of the usual icon fonts and drawings."""
    row = "<i class='fa fa-check'></i></td><td><svg class='bi'><use href='#icon-cross'></use></svg></td><td><i class='bi bi-x'></i>"
    assert "| Own domain | ✓ | ✗ | ✗ |" in " ".join(
        markdown_of(
            f"<table><tr><th>Feature<th>A<th>B<th>C</tr><tr><td>Own domain</td><td>{row}</td></tr></table>"
        ).split()
    ).replace("  ", " ")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("25 m<sup>2</sup>", "25 m²"),
        ("10<sup>-4</sup> bar", "10⁻⁴ bar"),
        ("10<sup>−4</sup> bar", "10⁻⁴ bar"),
        ("2<sup>10</sup> bytes", "2¹⁰ bytes"),
        ("H<sub>2</sub>O", "H2O"),
        ("€49<sup>99</sup>", "€49.99"),
        ("$ 1,249<sup>00</sup>", "$ 1,249.00"),
        ("49<sup>99</sup> €", "49,99 €"),
        ("<sup>$</sup>49<sup>99</sup>", "$49.99"),
        ("€<span>49</span><span class=cents>99</span>", "€49.99"),
        ("note<sup>1</sup>", "note¹"),
        ("note<sup><a href='#fn1'>1</a></sup> of", "note¹ of"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("Harbour<sup>®</sup>", "Harbour®"),
        ("x<sup>k</sup>", "x^k"),
    ],
)
def test_raised_text_keeps_its_meaning(html: str, text: str) -> None:
    """A power is no factor, and cents are no euros."""
    assert f"It is {text} today." in markdown_of(f"<p>It is {html} today.</p>").replace("\\", "")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Donau&shy;dampf&#173;schiff\u00adfahrt", "Donaudampfschifffahrt"),
        ("harbour&#8203;_config&#x200B;_loader", "harbour_config_loader"),
        ("num&#8288;ber\ufeff four", "number four"),
        ("harbour<wbr>master", "harbourmaster"),
        ("the \ufb01nest \ufb02oor", "the finest floor"),
        ("4711&#8209;B and 4712\u2011C", "4711-B and 4712-C"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_invisible_characters_go(html: str, text: str) -> None:
    """Visitors type words without them; joiners that change letters stay."""
    assert text in markdown_of(f"<p>It says {html} here.</p>")


@pytest.mark.parametrize(
    "link",
    [
        '<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="543d3a323b143c3526363b21267a312c3539243831">[email&#160;protected]</a>',
        '<a href="/cdn-cgi/l/email-protection#543d3a323b143c3526363b21267a312c3539243831">Write to us</a>',
        '<a href="/cdn-cgi/l/email-protection#543d3a323b143c3526363b21267a312c3539243831">[email&#160;protected]</a>',
        '<span class="__cf_email__" data-cfemail="543d3a323b143c3526363b21267a312c3539243831">[email&#160;protected]</span>',
        '<a href="/cdn-cgi/l/email-protection#543d3a323b143c3526363b21267a312c3539243831"><span class="__cf_email__"'
        ' data-cfemail="543d3a323b143c3526363b21267a312c3539243831">[email&#160;protected]</span></a>',
    ],
)
def test_obfuscated_addresses_are_decoded(link: str) -> None:
    """As a browser would show them."""
    markdown = markdown_of(f"<p>Mail: {link}.</p>")
    assert "info@harbour.example" in markdown
    assert "protect" not in markdown


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("/en/", "https://example.com/en/guide"),
        ("https://www.example.org/a/b", "https://www.example.org/a/guide"),
        ("../", "https://example.com/guide"),
        ("http://[", "https://example.com/shop/guide"),
    ],
)
def test_links_are_relative_to_the_base_of_the_document(base: str, url: str) -> None:
    """A broken base is ignored."""
    assert f"[the guide]({url})" in markdown_of("<p>See <a href=guide>the guide</a>.</p>", head=f"<base href='{base}'>")


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("<a href='tel:+441234567890' aria-label='Call us'><i class='fa fa-phone'></i></a>", "+441234567890"),
        ("<a href='tel:+441234567890' aria-label='Call 01234 567890'><svg></svg></a>", "01234 567890"),
        ("<a href='TEL:+44-1234-567890;ext=5'><img src=p.png></a>", "+44-1234-567890"),
        ("<a href='tel:+441234567890'>Call us</a>", "(+441234567890)"),
        ("<a href='mailto:info@harbour.example?subject=Hi' title='Mail us'><i></i></a>", "info@harbour.example"),
        ("<a href='mailto:info%40harbour.example'>Write</a>", "(info@harbour.example)"),
    ],
)
def test_numbers_and_addresses_of_links_are_written_out(link: str, text: str) -> None:
    """An icon says nothing in a chat."""
    assert text in markdown_of(f"<ul><li>{link}</li></ul><p>We are there.</p>")
