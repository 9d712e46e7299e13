"""URLs of possible crawl traps are recognised by their pattern."""

import pytest

from tasks.web.crawl.traps import FamilyKind, family_of, grows_endlessly, numbered_family

SITE = "https://example.com"


@pytest.mark.parametrize("path", ["/a/b/a/b/a/b", "/x/x/x", "/" + "/".join(f"d{n}" for n in range(20))])
def test_paths_that_grow_endlessly_are_recognised(path: str) -> None:
    """By repeated segments or by depth."""
    assert grows_endlessly(SITE + path)


@pytest.mark.parametrize("path", ["/a/b/c", "/docs/guide/docs", "/2026/11/24/a-story"])
def test_other_paths_are_let_alone(path: str) -> None:
    """A name may come twice."""
    assert not grows_endlessly(SITE + path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/calendar/2026/11", FamilyKind.date),
        ("/events/2026-11-24", FamilyKind.date),
        ("/events?month=11&year=2026", FamilyKind.date),
        ("/events?at=2026-11-24", FamilyKind.date),
        ("/agenda/november-2026", FamilyKind.date),
        ("/agenda/2026/november", FamilyKind.date),
        ("/agenda/März/2027", FamilyKind.date),
        ("/week/2026-W47", FamilyKind.date),
        ("/product?id=17", FamilyKind.query),
        ("/shop?colour=red&size=m", FamilyKind.query),
        ("/shop?sort=price", FamilyKind.query),
        ("/item/17", FamilyKind.number),
        ("/s/8f2c91ab33de01778f2c/about", FamilyKind.random),
        ("/s123456x/about", FamilyKind.random),
        ("/tag/red+blue", FamilyKind.list),
        ("/docs/docs/a", FamilyKind.repeated),
        ("/cart/", FamilyKind.boilerplate),
        ("/wp-login.php", FamilyKind.boilerplate),
    ],
)
def test_urls_that_a_program_may_make_without_end_have_a_family(path: str, kind: FamilyKind) -> None:
    """Dates, parameters, numbers, random parts, boilerplate."""
    family = family_of(SITE + path)
    assert family is not None
    assert family.kind is kind


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/about",
        "/mayor-2026-election",
        "/c++",
        "/python3/iphone15",
        "/2026/11/24/a-story",
        "/blog/10-reasons",
        "/v2/docs",
        "/a-b-c-d.html",
    ],
)
def test_urls_that_people_name_have_no_family(path: str) -> None:
    """They are read without a budget."""
    assert family_of(SITE + path) is None


def test_a_url_that_ends_in_a_number_may_belong_to_a_series() -> None:
    """The family is its pattern without the number."""
    families = [
        numbered_family(SITE + path) for path in ("/offer-100.html", "/offer-7.html", "/shop/item_12", "/about")
    ]
    assert [family and family.name for family in families] == ["/offer-….html", "/offer-….html", "/shop/item_…", None]
