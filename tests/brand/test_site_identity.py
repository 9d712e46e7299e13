"""What the document alone says of a site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.brand.site_identity import identify_site

URL = "https://www.acme-tools.example/start"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("<meta property='og:site_name' content='Acme Tools'><title>Hammers</title>", "Acme Tools"),
        ("<meta name='apple-mobile-web-app-title' content='Acme'><title>Hammers</title>", "Acme"),
        ("<title>Hammers | Acme Tools</title>", "Acme Tools"),
        ("", "acme-tools.example"),
    ],
)
def test_the_name_is_what_the_document_says_or_else_the_address(head: str, name: str) -> None:
    """By its meta elements, its title, its host."""
    assert identify_site(f"<html><head>{head}</head><body></body></html>", URL).name == name


@pytest.mark.parametrize(
    ("head", "icon"),
    [
        ("<link rel=icon href=/small.png sizes=16x16><link rel=icon href=/mark.svg>", "/mark.svg"),
        ("<link rel='shortcut icon' href='i.ico'><link rel=apple-touch-icon href=/t.png>", "/i.ico"),
        ("<link rel=apple-touch-icon href=/t.png>", "/t.png"),
        ("<link rel=icon href='javascript:alert(1)'>", None),
        ("", None),
    ],
)
def test_the_icon_is_the_one_for_small_sizes(head: str, icon: str | None) -> None:
    """A vector before pixels, a touch icon only if alone; nothing that is no address of the web."""
    found = identify_site(f"<head>{head}</head>", URL).favicon_url
    assert found == (None if icon is None else f"https://www.acme-tools.example{icon}")


@given(html=st.text(max_size=300))
def test_any_document_has_a_name(html: str) -> None:
    """Whatever is in it."""
    assert identify_site(html, URL).name
