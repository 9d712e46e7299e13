"""Findings of the fuzz (`tests/fuzz`): each a document that once broke its parser."""

import pytest

from tasks.web.content.page_metadata import parse_date
from tasks.web.crawl.hint_files import parse_sitemap
from tasks.web.fetching.decoding import decode_html

REFERENCES = ["&#xD800;", "&#55296;", "&#xdfff;", "&#x110000;", "&#1114112;", "&#0;", "&#xFFFE;"]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_is_none_is_no_date(day: str) -> None:
    """It was tried again and again, and the page was lost."""
    assert parse_date(day) == ""
    assert parse_date(f"{day}T10:00:00Z") == ""


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("place", ["<loc>https://shop.example/a{}</loc>", "<{}x/><loc>https://shop.example/a</loc>"])
def test_a_reference_to_no_character_costs_no_sitemap(reference: str, place: str) -> None:
    """Nothing of the file was read."""
    sitemap = f"<urlset><url>{place.format(reference)}</url><url><loc>https://shop.example/b&#233;</loc></url></urlset>"
    _, links = parse_sitemap(sitemap.encode(), "https://shop.example/")
    assert [link.url for link in links][-1] == "https://shop.example/b%C3%A9"


@pytest.mark.parametrize("name", ["zlib", "undefined", "idna", "rot13"])
def test_a_sitemap_that_declares_no_encoding_of_text_is_read(name: str) -> None:
    """Python has codecs of these names, which raised."""
    sitemap = (
        f'<?xml version="1.0" encoding="{name}"?><urlset><url><loc>https://shop.example/caf\xe9</loc></url></urlset>'
    )
    _, (link,) = parse_sitemap(sitemap.encode("latin-1"), "https://shop.example/")
    assert link.url == "https://shop.example/caf%C3%A9"


@pytest.mark.parametrize("name", ["zlib", "undefined", "idna", "rot13"])
@pytest.mark.parametrize("where", ["header", "meta"])
def test_a_document_that_declares_no_encoding_of_text_is_read(name: str, where: str) -> None:
    """Every page of such a server was lost."""
    head = f"<meta charset={name}>" if where == "meta" else ""
    body = f"<html><head>{head}<title>Caf\xe9</title></head><p>Caf\xe9 cr\xe8me</p></html>".encode("latin-1")
    assert "Caf\xe9 cr\xe8me" in decode_html(body, f"text/html; charset={name}" if where == "header" else "text/html")
