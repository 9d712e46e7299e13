"""Endless sites, and sites with many addresses for few pages: the events and pages of their builds."""

from urllib.parse import urlsplit

from aiohttp import web

from tests.product import Event, Product
from tests.sites import mazes
from tests.sites.server import serve_handler


async def stored(product: Product, build_id: str) -> dict[str, dict[str, object]]:
    """Metadata of the stored pages, by path."""
    async with product.pool.connection() as connection:
        rows = await connection.execute(
            "SELECT url, metadata FROM knowledge_scraped_pages WHERE job_id = %s ORDER BY (metadata ->> 'order')::int",
            (build_id,),
        )
        return {urlsplit(url)._replace(scheme="", netloc="").geturl(): data for url, data in await rows.fetchall()}


def statistics(events: list[Event]) -> Event:
    """The statistics at the end, which add up."""
    assert events[-1]["type"] == "builder_completed", events[-1]
    found: Event = events[-1]["data"]["statistics"]
    assert found["scraped_pages"] + found["failed_scrapes"] == found["total_urls"]
    assert found["stored_pages"] == found["embedded_pages"] == found["scraped_pages"]
    return found


async def test_a_shop_is_no_maze(product: Product) -> None:
    """Sixty products under one parameter and one template, which differ by their name and price: all are stored."""
    async with mazes.serve_maze(mazes.shop_maze) as shop:
        events = await product.build(shop.url, depth=2)
        assert statistics(events)["stored_pages"] == 61
        assert shop.fetched == 61


async def test_a_site_read_again_gives_the_same_pages_in_the_same_order(product: Product) -> None:
    """Also when there are fewer places than pages, and of duplicates the same is kept."""
    async with mazes.serve_maze(mazes.duplicate_maze) as maze:
        builds = [await product.build(maze.url, depth=3, max_pages=9) for _ in range(2)]
        first, second = [await stored(product, events[0]["build_id"]) for events in builds]
        assert list(first) == list(second)
        assert len(first) == 9


async def test_other_addresses_of_a_page_are_kept_with_it(product: Product) -> None:
    """Those that redirect to it, and those with the same content."""
    async with mazes.serve_maze(mazes.redirect_maze) as maze:
        events = await product.build(maze.url, depth=2)
        pages = await stored(product, events[0]["build_id"])
        assert pages["/about"]["aliases"] == [f"{maze.url}/{way}/about" for way in ("go", "old", "to")]


async def test_traps_are_told_of(product: Product) -> None:
    """With the pattern, how much of it was read and how much was not."""
    async with mazes.serve_maze(mazes.calendar_maze) as maze:
        events = await product.build(maze.url, depth=3)
        (told,) = (event for event in events if "left_out" in event["data"])
        assert told["type"] == "url_extraction_progress"
        assert {family["pattern"] for family in told["data"]["left_out"]} == {"/calendar/…/…", "/events?month=…&year=…"}
        assert statistics(events)["skipped"]["trap"] == sum(family["left_out"] for family in told["data"]["left_out"])


async def test_a_site_whose_robots_txt_is_out_of_reach_is_not_read(product: Product) -> None:
    """The build fails, and says why."""

    async def render(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503) if request.path == "/robots.txt" else mazes.page("/", [])

    async with serve_handler(render) as url:
        events = await product.build(url, depth=1)
        assert events[-1]["type"] == "builder_failed"
        assert "robots.txt is out of reach, so nothing may be fetched: HTTP 503" in events[-1]["detail"]
