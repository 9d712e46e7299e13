"""Endless sites: only their real pages are read; sites that merely look endless are read completely."""

from functools import partial

import pytest

from flows.workspace import Workspace
from tests.crawling import Crawler
from tests.sites import mazes
from tests.sites.application import TEXTS, serve_application
from tests.sites.honest import HONEST, corner_shop
from tests.sites.traps import BESIDES, TRAPS

TIMES = 2
"""Most requests, as a multiple of the real pages."""


@pytest.mark.parametrize(
    ("render", "reason"),
    [
        (mazes.calendar_maze, "trap"),
        (mazes.session_maze, "trap"),
        (mazes.facet_maze, "trap"),
        (mazes.deeper_maze, "trap"),
        (mazes.soft_404_maze, "soft_404"),
        (mazes.redirect_maze, "duplicate"),
        (mazes.duplicate_maze, "duplicate"),
    ],
)
async def test_a_maze_is_left_with_its_real_pages(
    crawler: Crawler, browser_space: Workspace, render: mazes.Render, reason: str
) -> None:
    """Within twice as many requests as there are pages, with the reason counted."""
    async with mazes.serve_maze(render) as maze:
        found = await crawler.crawl_in(browser_space, maze.url)
        assert set(maze.real) <= found.names
        assert found.statistics.skipped[reason] > 0
        assert found.statistics.adds_up
        assert maze.fetched <= TIMES * len(maze.real), maze.requests


@pytest.mark.parametrize("name", TRAPS)
async def test_a_trap_is_left_with_the_real_pages_of_its_site(
    crawler: Crawler, plain_space: Workspace, name: str
) -> None:
    """The same for every other kind of trap; an event reports the URLs left out."""
    async with mazes.serve_maze(TRAPS[name], [*mazes.REAL, *BESIDES.get(name, ())]) as maze:
        found = await crawler.crawl_in(plain_space, maze.url)
        texts = {path.rpartition("/")[2] for path in found.names}
        assert {path.partition("?")[0].rpartition("/")[2] for path in maze.real[1:]} <= texts
        assert found.statistics.skipped["trap"] >= sum(family["left_out"] for family in found.left_out) > 0
        assert maze.fetched <= TIMES * len(maze.real), maze.requests


@pytest.mark.parametrize("name", HONEST)
async def test_a_site_that_only_looks_endless_is_read_whole(
    crawler: Crawler, plain_space: Workspace, name: str
) -> None:
    """Every page once, none left out."""
    site = HONEST[name]
    async with mazes.serve_maze(site.render, site.real) as served:
        found = await crawler.crawl_in(plain_space, served.url)
        assert set(found.pages) == set(served.real)
        assert "trap" not in found.statistics.skipped
        assert served.fetched == len(served.real), served.requests


async def test_an_honest_part_of_a_site_does_not_pay_for_its_traps(crawler: Crawler, browser_space: Workspace) -> None:
    """All products are read, although forms before them brought nothing; few forms are read."""
    site = corner_shop()
    async with mazes.serve_maze(site.render, site.real) as shop:
        found = await crawler.crawl_in(browser_space, shop.url)
        assert set(shop.real) <= set(found.pages)
        assert shop.fetched <= 1.3 * len(shop.real), shop.requests


@pytest.mark.parametrize("name", ["next", "path facets", "slug calendar"])
async def test_a_trap_is_not_forgotten_when_a_build_begins_again(
    crawler: Crawler, plain_space: Workspace, name: str
) -> None:
    """Pages read by earlier attempts count: only those in progress when an attempt died are requested twice."""
    async with mazes.serve_maze(TRAPS[name], [*mazes.REAL, *BESIDES.get(name, ())]) as maze:
        build_id = await crawler.record(maze.url)
        for most in (6, 11, 13):
            await crawler.break_off(plain_space, build_id, partial(_has_sent, maze, most))
        found = await crawler.go_on_in(plain_space, build_id)
        assert found.statistics.adds_up
        assert len(found.pages) <= TIMES * len(maze.real), list(found.pages)
        assert len(maze.requests) <= TIMES * len(maze.real), maze.requests


async def test_the_routes_of_an_application_are_read_once_and_dead_ones_are_none(
    crawler: Crawler, browser_space: Workspace
) -> None:
    """An anchor on a page is no page of its own; the application's answer to any route is not kept."""
    dead = tuple(f"/{name}" for name in ("LICENSE", "./CHANGES", "old-fares", "app/install"))
    twins = ("/fares/./season", "/crew/", *(f"{route}?id=more" for route in TEXTS if route != "/"))
    async with serve_application("hash", more_links=dead + twins) as site:
        found = await crawler.crawl_in(browser_space, site.url, depth=3)
        routes = [path.removeprefix("/#").replace("/./", "/") for path in found.pages]
        assert sorted(routes) == sorted(TEXTS)
        assert found.statistics.skipped["soft_404"] > 0


def _has_sent(maze: mazes.Maze, most: int) -> bool:
    return maze.fetched >= most
