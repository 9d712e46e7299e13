"""The frontier admits each URL once, in an order that the site decides, and knows when it is done."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.frontier import HINTS, Frontier
from tasks.web.crawl.scope import Scope

SITE = "https://example.com"


def make_frontier(max_depth: int = 2, max_pages: int = 100) -> Frontier:
    """Return a frontier whose home page is open."""
    frontier = Frontier(Scope(f"{SITE}/"), max_depth, max_pages)
    frontier.restore(Target(url=f"{SITE}/", depth=0), has_place=True, is_open=True)
    return frontier


def links(*paths: str, region: str = "main") -> list[Link]:
    """Links to pages of the site."""
    return [Link(path if path.startswith("http") else SITE + path, region=region) for path in paths]


def paths(targets: list[Target]) -> list[str]:
    """Return the paths of the targets."""
    return [target.url.removeprefix(SITE) for target in targets]


def test_a_page_is_admitted_once_and_only_if_it_belongs_to_the_site() -> None:
    """However its address is written; off site, too deep: not at all."""
    frontier = make_frontier(max_depth=1)
    frontier.record_links(0, 0, links("/a", "/b", "/a/", "http://www.example.com/b", "https://elsewhere.com/", "/"))
    assert paths(frontier.admit_next()) == ["/a", "/b"]
    frontier.record_links(1, 1, links("/deep"))
    assert frontier.admit_next() == []


def test_the_most_useful_pages_get_the_places() -> None:
    """The home page's navigation, then content by what a sitemap says and by links; boilerplate last."""
    frontier = make_frontier(max_depth=1, max_pages=6)
    frontier.expect_hints()
    low = [Link(f"{SITE}/{name}") for name in ("login", "tag/x", "cart", "blog/page/7", "a?print=1", "2019/05")]
    frontier.record_links(0, 0, [*low, *links("/plain", "/a/b/c/deep"), *links("/products", region="nav")])
    frontier.record_links(HINTS, 0, [Link(f"{SITE}/praised", region="sitemap", priority=0.9)])
    assert paths(frontier.admit_next()) == ["/plain", "/products", "/praised", "/a/b/c/deep", "/tag/x"]


def test_the_same_site_gives_the_same_order_whatever_comes_first() -> None:
    """Also when there are fewer places than pages, and pages turn out to be none."""
    assert len({crawl(seed, max_pages) for seed in range(20) for max_pages in (40,)}) == 1
    assert len({crawl(seed, max_pages) for seed in range(20) for max_pages in (1000,)}) == 1


def crawl(seed: int, max_pages: int) -> tuple[tuple[int, str, int], ...]:
    """Return the pages of a site of four levels as they are admitted, loaded in random order."""
    chance = random.Random(seed)
    frontier = make_frontier(3, max_pages)
    frontier.expect_hints()
    open_: list[Target] = [Target(url=f"{SITE}/", depth=0)]
    taken: list[Target] = []
    hints_come = chance.randint(0, 8)
    while not frontier.is_done or open_:
        if hints_come == 0:
            frontier.record_links(HINTS, 0, links(*(f"/hint-{n}" for n in range(7)), "/p3-1", region="sitemap"))
        hints_come -= 1
        if open_:
            target = open_.pop(chance.randrange(len(open_)))
            if not frontier.is_leaf(target):
                frontier.record_links(target.order, target.depth, links_of(target))
            is_duplicate = target.order % 7 == 3
            frontier.record_result(target, page=None if is_duplicate else A_PAGE, gives_place_back=is_duplicate)
        found = frontier.admit_next()
        taken += found
        open_ += found
    return tuple(sorted((target.order, target.url, target.depth) for target in taken))


def links_of(target: Target) -> list[Link]:
    """Return links to pages one or two levels below, some with parameters."""
    source = random.Random(target.url)
    more = [f"/p{target.depth + source.choice((1, 1, 1, 2))}-{source.randrange(30)}" for _ in range(9)]
    return links(*more, f"/list?id={source.randrange(50)}", f"/p{target.depth + 1}-{source.randrange(9)}/?sort=x")


A_PAGE = Fingerprint(outline=1, names=1, units=np.empty(0, np.uint64), words=np.empty(0, np.uint16), text=1)


def test_early_pages_are_admitted_before_their_level_is_complete() -> None:
    """While no earlier page is open and the early budget lasts."""
    frontier = make_frontier(max_depth=2, max_pages=40)
    frontier.expect_hints()
    frontier.record_links(0, 0, links("/a", "/b", "/c", "/login"))
    assert paths(frontier.admit_next()) == ["/a", "/b", "/c"]
    frontier.record_links(HINTS, 0, [])
    assert paths(frontier.admit_next()) == ["/login"]
    frontier.record_links(2, 1, links("/b/x"))
    assert frontier.admit_next() == []
    frontier.record_links(1, 1, links("/a/x"))
    assert paths(frontier.admit_next()) == ["/a/x", "/b/x"]


def test_a_page_that_hangs_does_not_hold_up_the_others_for_ever() -> None:
    """It is skipped; its links are queued when they arrive."""
    frontier = make_frontier(max_depth=2)
    frontier.record_links(0, 0, links("/hangs", "/b"))
    assert len(frontier.admit_next()) == 2
    frontier.record_links(2, 1, links("/b/x"))
    assert frontier.admit_next() == []
    frontier.skip_blocked()
    assert paths(frontier.admit_next()) == ["/b/x"]
    assert not frontier.is_done
    frontier.record_links(1, 1, links("/late"))
    assert paths(frontier.admit_next()) == ["/late"]
    assert frontier.is_done


def test_a_family_whose_pages_come_slowly_is_read_to_its_end() -> None:
    """The first pages of one form were not waited for; what they bring when they come counts as ever."""
    frontier = make_frontier(max_depth=1)
    frontier.record_links(0, 0, links(*(f"/good-{number}" for number in range(9))))
    read: list[Target] = []
    while waiting := frontier.admit_next():
        more = waiting
        while more:
            frontier.skip_blocked()
            waiting = [*waiting, *(more := frontier.admit_next())]
        for target in waiting:
            new = np.array([1_000 + target.order], np.uint64)
            page = Fingerprint(outline=1, names=1, units=new, words=np.array([20], np.uint16), text=target.order)
            frontier.record_links(target.order, 1, ())
            frontier.record_result(target, page=page)
        read += waiting
    assert sorted(paths(read)) == [f"/good-{number}" for number in range(9)]
    assert frontier.left_out.total() == 0
    assert frontier.is_done


def test_a_place_that_is_given_back_goes_to_the_next_in_line() -> None:
    """Pages that turn out not to be pages do not use up `max_pages`; the frontier is not done while one may."""
    frontier = make_frontier(max_depth=1, max_pages=3)
    frontier.record_links(0, 0, links("/a", "/b", "/c"))
    first, second = frontier.admit_next()
    assert not frontier.is_done
    frontier.record_result(first, gives_place_back=True)
    (third,) = frontier.admit_next()
    assert paths([first, second, third]) == ["/a", "/b", "/c"]
    assert frontier.is_done


def test_urls_of_an_earlier_attempt_are_not_admitted_again() -> None:
    """A resumed build continues: candidates are still there, and the crawl order goes on."""
    frontier = make_frontier(max_pages=4)
    frontier.restore(Target(url=f"{SITE}/stored", depth=1, order=1), has_place=True, is_open=False)
    frontier.restore(Target(url=f"{SITE}/skipped", depth=1, order=2), has_place=False, is_open=False)
    frontier.restore_found([Target(url=f"{SITE}/found", depth=1)])
    frontier.record_links(0, 0, links("/stored", "/skipped", "/new", "/over"))
    assert [(t.url.removeprefix(SITE), t.order) for t in frontier.admit_next()] == [("/found", 3), ("/new", 4)]


def test_an_address_reached_through_another_is_not_admitted() -> None:
    """The page has been read already."""
    frontier = make_frontier(max_depth=1)
    frontier.expect_hints()
    frontier.record_links(0, 0, links("/go", "/login"))
    (moved,) = frontier.admit_next()
    frontier.record_alias(f"{SITE}/login/", moved)
    frontier.record_links(HINTS, 0, [])
    assert frontier.admit_next() == []


@given(st.lists(st.lists(st.integers(0, 30), max_size=10), max_size=10), st.integers(1, 20))
def test_never_more_pages_than_asked_for(finds: list[list[int]], most: int) -> None:
    """Whatever is found in whatever order."""
    frontier = make_frontier(max_depth=9, max_pages=most + 1)
    taken: list[Target] = []
    order, depth = 0, 0
    for numbers in finds:
        frontier.record_links(order, depth, links(*(f"/page-{n}" for n in numbers)))
        taken += frontier.admit_next()
        if len(taken) <= order:
            break
        order, depth = taken[order].order, taken[order].depth
    assert len({target.url for target in taken}) == len(taken) <= most


def recrawl(kept: tuple[str, ...], max_pages: int) -> Frontier:
    """Return the frontier of a re-crawl, with the pages of the build before, whose home page is open."""
    frontier = Frontier(Scope(f"{SITE}/"), 2, max_pages)
    frontier.expect_pages([f"{SITE}/", *(SITE + path for path in kept)])
    frontier.restore(Target(url=f"{SITE}/", depth=0), has_place=True, is_open=True)
    return frontier


def finish(frontier: Frontier, site: dict[str, list[Link]]) -> list[str]:
    """Read all pages that are admitted; those that are not in the site do not exist. Return the others."""
    read = []
    frontier.record_links(0, 0, site["/"])
    frontier.record_result(Target(url=f"{SITE}/", depth=0), page=A_PAGE)
    while targets := frontier.admit_next():
        for target in targets:
            path = target.url.removeprefix(SITE)
            frontier.record_links(target.order, target.depth, site.get(path, ()))
            if path in site:
                frontier.record_result(target, page=A_PAGE)
                read.append(path)
            else:
                frontier.record_failure(target)
    assert frontier.is_done
    return sorted(read)


def a_site(*leaves: str) -> dict[str, list[Link]]:
    """A section with four pages, and a second one with a page that links to the leaves."""
    site = {"/": links("/a", "/b"), "/a": links("/a/1", "/a/2", "/a/3", "/a/4"), "/b": links(*leaves)}
    return site | {link.url.removeprefix(SITE): [] for found in list(site.values()) for link in found if found} | site


def test_a_recrawl_at_the_limit_of_pages_keeps_those_it_had() -> None:
    """Whichever they were: the build before may have chosen others, because a page was slow."""
    site = a_site("/b/1", "/b/2")
    assert finish(make_frontier(max_pages=5), site) == ["/a", "/a/1", "/a/2", "/b"]
    kept = ("/a", "/a/3", "/b", "/b/2")
    assert finish(recrawl(kept, 5), site) == list(kept)
    assert finish(recrawl(kept, 7), site) == ["/a", "/a/1", "/a/2", "/a/3", "/b", "/b/2"]


def test_a_new_page_gets_the_place_of_one_that_is_gone() -> None:
    """Also if nothing links to the old one any more."""
    site = a_site("/b/1", "/b/2")
    assert finish(recrawl(("/a", "/b", "/b/2", "/b/gone"), 5), site) == ["/a", "/a/1", "/b", "/b/2"]
    site["/b"] += links("/b/gone")
    assert finish(recrawl(("/a", "/b", "/b/2", "/b/gone"), 5), site) == ["/a", "/a/1", "/b", "/b/2"]


def test_a_new_page_that_the_start_page_links_to_need_not_wait_for_a_place() -> None:
    """News must not be missed because old pages are there; one of those at the end of the crawl makes room."""
    site = a_site("/b/1", "/b/2")
    site |= {"/": [*site["/"], *links("/news")], "/news": []}
    assert finish(recrawl(("/a", "/a/3", "/b", "/b/2"), 5), site) == ["/a", "/a/3", "/b", "/news"]
