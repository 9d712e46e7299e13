"""URL patterns of which no page exists are given up early; a site's real pages are not."""

import pytest

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.fingerprints import fingerprint_of
from tasks.web.crawl.frontier import Frontier
from tasks.web.crawl.missing_pages import FIRST, FIRST_ROUTES
from tasks.web.crawl.scope import Scope
from tests.web.test_duplicates import page

SITE = "https://example.com"


def fingerprint(name: str) -> Fingerprint:
    """The fingerprint of a page of its own."""
    return fingerprint_of(page(f"/{name}", f"All about {name}.").page)


def crawl(links: list[str], exists: list[str], *, max_pages: int = 100, at_once: int = 8) -> tuple[list[str], Frontier]:
    """Read a site whose home page has these links; return the paths requested, in order, and the frontier."""
    frontier = Frontier(Scope(f"{SITE}/"), 3, max_pages)
    frontier.restore(Target(url=f"{SITE}/", depth=0), has_place=True, is_open=True)
    frontier.record_links(0, 0, [Link(SITE + path) for path in links])
    frontier.record_result(Target(url=f"{SITE}/", depth=0), page=fingerprint("home"))
    requested: list[str] = []
    waiting = frontier.admit_next()
    while waiting:
        for target in waiting[:at_once]:
            path = target.url.removeprefix(SITE)
            requested.append(path)
            frontier.record_links(target.order, target.depth, ())
            if path in exists:
                frontier.record_result(target, page=fingerprint(path))
            else:
                frontier.record_failure(target, is_missing=True)
        waiting = waiting[at_once:] + frontier.admit_next()
    assert frontier.is_done
    return requested, frontier


def test_a_pattern_that_only_fails_is_given_up_and_the_real_pages_are_read() -> None:
    """Two hundred addresses that are gone stand before the pages that exist."""
    gone = [f"/themes/{name}-{other}" for name in "abcdefghij" for other in "abcdefghijklmnopqrst"]
    real = [f"/docs/{name}{other}" for name in "abcdefghij" for other in "abcdefghijk"]
    requested, frontier = crawl([*gone, *real], real, max_pages=111)
    assert set(real) <= set(requested)
    assert len(set(requested) & set(gone)) == FIRST
    assert frontier.left_out.total() == len(gone) - FIRST


def test_places_count_pages_not_failures() -> None:
    """As many pages as wanted, though others fail."""
    mixed = [f"/{word}" for name in "abcdefghijklmnopqrst" for word in (f"{name}x", f"{name}y")]
    requested, frontier = crawl(mixed, mixed[::2], max_pages=21)
    assert set(mixed[::2]) <= set(requested)
    assert (frontier.admitted, frontier.failed) == (21, 19)


@pytest.mark.parametrize("share", [1, 2, 3])
def test_a_pattern_with_pages_is_read_to_its_end(share: int) -> None:
    """Whatever share of its addresses is gone, if its first ones exist."""
    paths = [f"/shop/{name}{other}" for name in "abcdefghij" for other in "abcdefghij"]
    requested, _ = crawl(paths, paths[::share], max_pages=101)
    assert requested == paths


def test_dead_routes_are_given_up_at_once() -> None:
    """Each costs a load in the browser, and links to files are spelled in many ways."""
    paths = ["/#/LICENSE", "/#/docs/a/b", "/#/docs/c", "/#/examples/d.js", "/#/e/f", "/#/g"]
    requested, _ = crawl(paths, [], at_once=1)
    assert len(requested) == FIRST_ROUTES
    requested, _ = crawl(
        [f"/#/guide-{name}" for name in "abcdefgh"] + paths, [f"/#/guide-{name}" for name in "abcdefgh"]
    )
    assert len(requested) == 8 + len(paths)


def test_leaves_that_wait_for_others_of_their_pattern_are_not_forgotten() -> None:
    """Nothing else is open or a candidate then; the results of the first ones allow more."""
    home = Target(url=f"{SITE}/", depth=0)
    frontier = Frontier(Scope(home.url), 1, 100)
    frontier.restore(home, has_place=True, is_open=True)
    frontier.record_links(0, 0, [Link(f"{SITE}/docs/{name}") for name in "abcdefghijklmnopqrst"])
    frontier.record_result(home, page=fingerprint("home"))
    first = frontier.admit_next()
    assert len(first) == FIRST
    assert not frontier.is_done
    for target in first:
        frontier.record_result(target, page=fingerprint(target.url))
    assert len(frontier.admit_next()) == 20 - FIRST
    assert frontier.is_done
