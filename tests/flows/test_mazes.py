"""Endless sites, and sites with many addresses for few pages: the pages and the events of their builds."""

import pytest
from aiohttp import web

from flows.workspace import Workspace
from tasks.core.errors import HomePageFailed
from tests.crawling import Crawler
from tests.sites import mazes
from tests.sites.server import serve_handler


async def test_a_shop_is_no_maze(crawler: Crawler, plain_space: Workspace) -> None:
    """Sixty products under one parameter and one template, which differ by their name and price: all are stored."""
    async with mazes.serve_maze(mazes.shop_maze) as shop:
        assert len((await crawler.crawl_in(plain_space, shop.url, depth=2)).pages) == 61
        assert shop.fetched == 61


async def test_a_site_read_again_gives_the_same_pages_in_the_same_order(
    crawler: Crawler, plain_space: Workspace
) -> None:
    """Also when there are fewer places than pages, and of duplicates the same is kept."""
    async with mazes.serve_maze(mazes.duplicate_maze) as maze:
        builds = [await crawler.crawl_in(plain_space, maze.url, depth=3, max_pages=9) for _ in range(2)]
        first, second = [list(build.pages) for build in builds]
        assert first == second
        assert len(first) == 9


async def test_other_addresses_of_a_page_are_kept_with_it(crawler: Crawler, browser_space: Workspace) -> None:
    """Those that redirect to it, and those with the same content."""
    async with mazes.serve_maze(mazes.redirect_maze) as maze:
        pages = (await crawler.crawl_in(browser_space, maze.url, depth=2)).pages
        assert pages["/about"]["aliases"] == [f"{maze.url}/{way}/about" for way in ("go", "old", "to")]


async def test_redirects_to_redirects_are_kept_with_the_page_too(crawler: Crawler, plain_space: Workspace) -> None:
    """Each redirect is followed once, and the address that led to it is not lost."""
    async with mazes.serve_maze(mazes.redirect_maze) as maze:
        pages = (await crawler.crawl_in(plain_space, maze.url, depth=2)).pages
        assert pages["/about"]["aliases"] == [f"{maze.url}/{way}/about" for way in ("go", "old", "to")]


async def test_traps_are_told_of(crawler: Crawler, plain_space: Workspace) -> None:
    """With the pattern, how much of it was read and how much was not; the statistics count what was left out."""
    async with mazes.serve_maze(mazes.calendar_maze) as maze:
        crawled = await crawler.crawl_in(plain_space, maze.url, depth=3)
        assert {family["pattern"] for family in crawled.left_out} == {"/calendar/…/…", "/events?month=…&year=…"}
        assert crawled.statistics.skipped["trap"] == sum(family["left_out"] for family in crawled.left_out)


async def test_a_site_whose_robots_txt_is_out_of_reach_is_not_read(crawler: Crawler, plain_space: Workspace) -> None:
    """The build fails, and says why."""

    async def render(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503) if request.path == "/robots.txt" else mazes.page("/", [])

    async with serve_handler(render) as url:
        with pytest.raises(HomePageFailed, match=r"robots\.txt is out of reach, so nothing may be fetched: HTTP 503"):
            await crawler.crawl_in(plain_space, url, depth=1)
