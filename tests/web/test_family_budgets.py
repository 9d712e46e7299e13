"""A family's budget grows with its new content, and all families share one that grows with the site."""

import numpy as np

from tasks.core.models import Fingerprint
from tasks.web.crawl.family_budgets import ALLOWED_TOTAL_WASTE, ALLOWED_WASTE, FamilyBudgets
from tasks.web.crawl.traps import family_of

SITE = "https://example.com"


def page(*units: int, words: int = 20, numbers: tuple[int, ...] = ()) -> Fingerprint:
    """A page of these sentences and numbers."""
    sizes = np.full(len(units), words, np.uint16)
    return Fingerprint(1, 1, np.array(units, np.uint64), sizes, 1, np.array(numbers, np.uint64))


def site_of(others: int = 0) -> FamilyBudgets:
    """The budgets of a site that has so many pages of no family."""
    budgets = FamilyBudgets()
    for number in range(others):
        budgets.record_plain_url(f"{SITE}/page-{number}")
        budgets.record_plain_result(kept=1, wasted=False)
    return budgets


def read_all(paths: list[str], pages: list[Fingerprint | None], others: int = 100) -> int:
    """Return how many of the URLs are read, one after the other, if each turns out as given."""
    budgets, read = site_of(others), 0
    for path in paths:
        if (family := family_of(SITE + path)) is not None:
            budgets.record_parameters(family)
    for path, found in zip(paths, pages, strict=True):
        family = family_of(SITE + path)
        assert family is not None
        if budgets.admit(family):
            budgets.record_result(family, found)
            read += 1
    return read


def test_a_shop_is_read_whole() -> None:
    """Each product brings something new, even if only a number."""
    paths = [f"/product?id={number}" for number in range(300)]
    assert read_all(paths, [page(1, 2, numbers=(number,)) for number in range(300)], others=1) == 300


def test_a_family_without_new_content_is_given_up() -> None:
    """Duplicates, empty pages, errors; and pages that only count themselves."""
    paths = [f"/about?zx={number}" for number in range(300)]
    assert read_all(paths, [None] * 300) == 3
    assert read_all(paths, [page(1, 2)] * 300) == 4


def test_a_list_that_repeats_its_last_page_is_given_up_soon() -> None:
    """However much of it was worth reading before."""
    paths = [f"/news?page={number}" for number in range(300)]
    assert read_all(paths, [page(number) for number in range(40)] + [page(39)] * 260) < 80


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


def test_an_archive_without_text_is_read_for_what_it_leads_to() -> None:
    """A month that nothing but links stand on, to stories that nothing else has named."""
    budgets = site_of(10)
    for number in range(120):
        family = family_of(f"{SITE}/{2000 + number // 12}/{number % 12 + 1}")
        assert family is not None
        assert budgets.admit(family)
        budgets.record_result(family, page(1, words=5), leads_on=True)


def test_a_variant_needs_content_of_its_own() -> None:
    """Some words more than on its base page are nothing new."""
    family, original = family_of(f"{SITE}/about?view=lite"), page(1, 2, 3, 4)
    assert family is not None
    for versions, most in (
        ([page(1, 2, 3, 100 + n, words=5) for n in range(9)], 3),
        ([page(9 * n, 5) for n in range(9)], 9),
    ):
        budgets, read = site_of(100), 0
        for version in versions:
            if budgets.admit(family):
                budgets.record_result(family, version, base=original)
                read += 1
        assert read == most


def test_the_first_url_with_a_new_path_costs_no_budget() -> None:
    """Where every link carries an id, each page is read once."""
    budgets = FamilyBudgets()
    firsts = [family_of(f"{SITE}/page-{number}?zx={number}") for number in range(20)]
    assert all(family is not None and budgets.claim_skeleton(family) for family in firsts)
    again = [family_of(f"{SITE}/page-{number}?zx={number + 100}") for number in range(20)]
    assert not any(family is not None and budgets.claim_skeleton(family) for family in again)


def test_wasted_requests_stay_below_the_useful_ones() -> None:
    """Of all families together, however many there are; a few may be tried on the smallest site."""
    for others, most in ((1, ALLOWED_TOTAL_WASTE), (20, 20)):
        budgets, read = site_of(others), 0
        for number in range(100):
            family = family_of(f"{SITE}/trap-{number}?a={number}&b{number}=1")
            assert family is not None
            if budgets.admit(family):
                budgets.record_result(family, None)
                read += 1
        assert 0 < read <= most


def test_one_family_does_not_pay_for_others() -> None:
    """When the shared budget is spent, an untried family is still tried, and read while it brings new content."""
    budgets = site_of(1)
    for number in range(2 * ALLOWED_WASTE):
        family = family_of(f"{SITE}/login?return={number}")
        assert family is not None
        if budgets.admit(family):
            budgets.record_result(family, None)
    other = family_of(f"{SITE}/cart?from=1&to=2")
    assert other is not None
    while budgets.admit(other):
        budgets.record_result(other, None)
    assert budgets.is_spent
    for number in range(50):
        product = family_of(f"{SITE}/product?id={number}")
        assert product is not None
        assert budgets.admit(product)
        budgets.record_result(product, page(number))


def test_a_site_is_left_when_it_says_the_same_again_and_again() -> None:
    """Also under addresses of no family."""
    budgets = site_of(30)
    for _ in range(29):
        budgets.record_plain_result(kept=0, wasted=True)
    assert not budgets.is_exhausted
    budgets.record_plain_result(kept=0, wasted=True)
    assert budgets.is_exhausted
    small = FamilyBudgets()
    for _ in range(ALLOWED_TOTAL_WASTE - 1):
        small.record_plain_result(kept=0, wasted=True)
    assert not small.is_exhausted
