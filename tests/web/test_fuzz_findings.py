"""Findings of the fuzz (`tests/fuzz`): each a document that once broke its parser."""

import pytest

from tasks.web.content.page_metadata import parse_date
from tasks.web.crawl.hint_files import parse_sitemap

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
