"""Sites that have no end, or many addresses for few pages: a build ends by itself, with the pages there are."""

from urllib.parse import urlsplit

import pytest

from tests.product import Event, Product
from tests.sites import mazes


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
async def test_a_maze_is_left_with_its_real_pages(product: Product, render: mazes.Render, reason: str) -> None:
    """Within twice as many requests as there are pages, with the reason counted; few that are none are stored."""
    async with mazes.serve_maze(render) as maze:
        events = await product.build(maze.url, depth=5)
        found = statistics(events)
        pages = await stored(product, events[0]["build_id"])
        print(render.__name__, maze.fetched, len(maze.real), len(pages), found, sorted(pages))
        names = {path.rstrip("/").split("?")[0].split(";")[0] or "/" for path in pages}
        assert set(maze.real) <= names
        assert len(pages) == found["stored_pages"]
        assert found["skipped"][reason] > 0
        assert maze.fetched <= 2 * len(maze.real)
