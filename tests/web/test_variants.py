"""Variants of known pages are recognised by a part that several addresses share."""

import pytest

from tasks.web.crawl.traps import FamilyKind
from tasks.web.crawl.urls import page_key
from tasks.web.crawl.variants import MIN_EXAMPLES, Variant, VariantCounts, base_of

SITE = "https://example.com"
PAGES = ["about", "team", "prices", "history"]


def variant_of(path: str, *others: str, until: int = 0) -> Variant | None:
    """Return the variant that a path is taken for on a site with these others, found on page 0, 1, 2 …"""
    counts = VariantCounts()
    known = {page_key(SITE + other) for other in others}
    for source, other in enumerate((*others, path)):
        counts.record(page_key(SITE + other), SITE + other, source)
    return counts.variant_of(page_key(SITE + path), known.__contains__, until=until or len(others))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("/*/print-view", "…/print-view"),
        ("/lite/*", "/lite/…"),
        ("/*-mobile", "…-mobile"),
        ("/*_print.html", "…_print.html"),
        ("/*.amp", "….amp"),
        ("/s93f7/*", "/…/…"),
    ],
)
def test_a_part_that_several_addresses_add_to_known_pages_makes_variants(pattern: str, name: str) -> None:
    """Whatever it is called, and wherever it stands."""
    plain = [f"/{page}" for page in PAGES]
    versions = [pattern.replace("*", page) for page in PAGES]
    variant = variant_of(versions[0], *plain, *versions[1:])
    assert variant is not None
    assert (variant.base, variant.family.name, variant.family.kind) == ("example.com/about", name, FamilyKind.variant)
    assert variant_of(versions[0], *versions[1:]) is None
    assert variant_of(versions[0], *plain, *versions[1 : MIN_EXAMPLES - 1]) is None


def test_links_on_later_pages_do_not_count_yet() -> None:
    """So early admission does not depend on which page is read first."""
    others = [*(f"/{page}" for page in PAGES), *(f"/lite/{page}" for page in PAGES[1:])]
    assert variant_of("/lite/about", *others, until=len(others) - 1) is None


def test_the_same_in_capitals_is_a_variant() -> None:
    """One example is enough."""
    variant = variant_of("/About", "/about")
    assert variant is not None
    assert variant.base == "example.com/about"
    assert variant_of("/About") is None


def test_a_path_that_may_be_put_together_in_any_order_is_combined() -> None:
    """Without its last part it is known, and without one before that as well."""
    variant = variant_of("/shop/red/small", "/shop/red", "/shop/small")
    assert variant is not None
    assert variant.family.kind is FamilyKind.combined
    assert variant_of("/shop/red/small", "/shop/red", "/shop/large") is None


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/about?zx=1", "example.com/about"),
        ("/about/print", "example.com/about"),
        ("/print/about", "example.com/about"),
    ],
)
def test_an_address_of_a_family_may_have_a_base_page(path: str, base: str) -> None:
    """The address without its varying part, if that is known."""
    assert base_of(page_key(SITE + path), {"example.com/about"}.__contains__) == base
    assert base_of(page_key(SITE + path), set[str]().__contains__) == ""


def test_a_route_with_a_parameter_may_be_a_place_on_its_page() -> None:
    """In an application whose routes are fragments."""
    routes = [f"/#/{page}" for page in PAGES]
    variant = variant_of("/#/about?id=more", *routes, *(f"{route}?id=more" for route in routes[1:]))
    assert variant is not None
    assert (variant.base, variant.family.name) == (page_key(f"{SITE}/#/about"), "#…?id=…")


def test_chapters_of_a_book_are_no_variants_of_its_cover() -> None:
    """A word and a number under a page name a page; a random name may be a variant."""
    chapters = [f"/book-{book}/chapter-{number}" for book in range(3) for number in range(4)]
    covers = [f"/book-{book}" for book in range(3)]
    assert variant_of(chapters[0], *covers, *chapters[1:]) is None
    sessions = [f"/book-{book}/s{number}x" for book in range(3) for number in range(1_230, 1_234)]
    assert variant_of(sessions[0], *covers, *sessions[1:]) is not None
