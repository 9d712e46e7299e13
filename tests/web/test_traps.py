"""URLs that may have no end are known by their pattern, and a pattern is read as far as it is worth it."""

import numpy as np
import pytest

from tasks.core.models import Fingerprint
from tasks.web.crawl.traps import Families, Kind, family_of, grows_endlessly

SITE = "https://example.com"


def page(*units: int, words: int = 20) -> Fingerprint:
    """A page of these sentences."""
    return Fingerprint(1, 1, np.array(units, np.uint64), np.full(len(units), words, np.uint16), 1)


def read_all(paths: list[str], pages: list[Fingerprint | None]) -> int:
    """How many of the URLs are read, each of which turns out as said."""
    families, read = Families(), 0
    for path in paths:
        if (family := family_of(SITE + path)) is not None:
            families.find(family)
    for path, found in zip(paths, pages, strict=True):
        family = family_of(SITE + path)
        assert family is not None
        if families.let_in(family):
            families.learn(family, found)
            read += 1
    return read


@pytest.mark.parametrize("path", ["/a/b/a/b/a/b", "/x/x/x", "/" + "/".join(f"d{n}" for n in range(20))])
def test_paths_that_only_grow_are_known(path: str) -> None:
    """By what they repeat, or by their depth."""
    assert grows_endlessly(SITE + path)


@pytest.mark.parametrize("path", ["/a/b/c", "/docs/guide/docs", "/2026/11/24/a-story"])
def test_other_paths_are_let_alone(path: str) -> None:
    """A name may come twice."""
    assert not grows_endlessly(SITE + path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/calendar/2026/11", Kind.date),
        ("/events/2026-11-24", Kind.date),
        ("/events?month=11&year=2026", Kind.date),
        ("/events?at=2026-11-24", Kind.date),
        ("/product?id=17", Kind.query),
        ("/shop?colour=red&size=m", Kind.query),
        ("/shop?sort=price", Kind.query),
        ("/item/17", Kind.number),
        ("/s/8f2c91ab33de01778f2c/about", Kind.random),
        ("/docs/docs/a", Kind.repeated),
        ("/cart/", Kind.boilerplate),
        ("/wp-login.php", Kind.boilerplate),
    ],
)
def test_what_a_program_may_make_without_end_is_of_a_family(path: str, kind: Kind) -> None:
    """Dates, parameters, numbers, random parts, what no visitor asks for."""
    family = family_of(SITE + path)
    assert family is not None
    assert family.kind is kind


@pytest.mark.parametrize(
    "path", ["/", "/about", "/2026/11/24/a-story", "/blog/10-reasons", "/v2/docs", "/a-b-c-d.html"]
)
def test_what_people_name_is_of_none(path: str) -> None:
    """It is read as it comes."""
    assert family_of(SITE + path) is None


def test_a_shop_is_read_whole() -> None:
    """Each product brings something, be it a number alone."""
    paths = [f"/product?id={number}" for number in range(300)]
    assert read_all(paths, [page(1, 2) for _ in paths]) == 300


def test_what_brings_nothing_is_given_up() -> None:
    """Duplicates, empty pages, errors."""
    paths = [f"/about?zx={number}" for number in range(300)]
    assert read_all(paths, [None] * 300) == 4


def test_combinations_are_read_as_long_as_they_bring_something_new() -> None:
    """The same items in other order are nothing new; a forum's threads are."""
    paths = [f"/shop?colour={number}&size={number % 5}" for number in range(300)] + ["/shop?colour=1"]
    same = [page(*range(number % 3, number % 3 + 10)) for number in range(301)]
    assert read_all(paths, same) < 10
    threads = [page(*range(10 * number, 10 * number + 10)) for number in range(301)]
    assert read_all(paths, threads) == 301


def test_months_without_events_are_given_up_and_those_with_events_are_not() -> None:
    """Whatever the names of months and days are."""
    paths = [f"/calendar/{2000 + number // 12}/{number % 12 + 1}" for number in range(200)]
    assert read_all(paths, [page(number, words=5) for number in range(200)]) == 3
    assert read_all(paths, [page(*range(9 * number, 9 * number + 9)) for number in range(200)]) == 200


def test_the_first_with_a_new_path_is_not_held_against_its_parameter() -> None:
    """Where every link carries an id, each page is read once."""
    families = Families()
    firsts = [family_of(f"{SITE}/page-{number}?zx={number}") for number in range(20)]
    assert all(family is not None and families.is_first(family) for family in firsts)
    again = [family_of(f"{SITE}/page-{number}?zx={number + 100}") for number in range(20)]
    assert not any(family is not None and families.is_first(family) for family in again)
