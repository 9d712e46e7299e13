"""A start page that the browser cannot bear: it is read over HTTP within one page timeout, and the build goes on."""

import pytest

from tasks.core.errors import FetchTimeout, HomePageFailed
from tasks.core.models import Target
from tasks.records.build_events import read_events
from tests.crawling import Crawled, Crawler
from tests.web.conftest import html, serve, silence

# A browser that hostile pages keep from closing ends with its driver.
pytestmark = pytest.mark.usefixtures("own_drivers")

TIMEOUT_S = 6
LINKS = "<p>Read about our <a href=/boats>boats</a> and our <a href=/birds>birds</a> before you come to the island.</p>"
PAGES = {
    "/boats": html("<main><h1>Boats</h1><p>Two ferries cross the sound each morning, except in a storm.</p></main>"),
    "/birds": html("<main><h1>Birds</h1><p>Puffins nest in the northern cliffs from April until August.</p></main>"),
}
SCRIPTS = {
    "endless script": "while (true);",
    "deep": "let e = document.body; for (let i = 0; i < 1e5; i++) e = e.appendChild(document.createElement('b'))",
    "reload": "location.reload()",
}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_build_goes_on_after_a_poisonous_start_page(crawler: Crawler, name: str) -> None:
    """Its text and links come from the HTML as sent, the theme is neutral, and the cause is said."""
    home = html(f"<body><h1>Island</h1>{LINKS}<script>{SCRIPTS[name]}</script></body>")
    async with serve({"/": home, **PAGES}) as site:
        built = await crawler.crawl(site.url, depth=1, page_timeout_s=TIMEOUT_S)
    assert set(built.pages) == {"/", "/boats", "/birds"}, await errors_of(crawler, built)
    themes = [each for each in await read_events(crawler.pool, built.build_id) if each.type.startswith("theme_")]
    assert [str(each.type) for each in themes] == ["theme_generation_started", "theme_generation_failed"]
    assert "the browser could not show the page: " in (themes[1].detail or "")


async def errors_of(crawler: Crawler, built: Crawled) -> list[tuple[str, str]]:
    """The pages that failed, with their causes."""
    async with crawler.pool.connection() as connection:
        query = "SELECT url, error FROM crawl_urls WHERE job_id = %s AND error IS NOT NULL"
        return [(row[0], row[1]) for row in await (await connection.execute(query, (built.build_id,))).fetchall()]


async def test_attempts_at_a_start_page_share_one_timeout(crawler: Crawler) -> None:
    """Each fetcher asks once; a further attempt gets what is left; none is to be retried."""
    async with serve({"/": silence}) as site:
        build_id = await crawler.record(site.url)
        async with crawler.open_workspace(build_id, page_timeout_s=1) as space:
            for _ in range(2):
                with pytest.raises(FetchTimeout, match="timeout after 1s") as failed:
                    await space.web.load_home(Target(url=f"{site.url}/", depth=0), "() => null")
                assert not failed.value.retriable
        assert site.asked[:2] == ["/", "/"]
        assert len(site.asked) <= 3


async def test_a_start_page_that_never_answers_ends_the_build_with_its_cause(crawler: Crawler) -> None:
    """After one page timeout."""
    async with serve({"/": silence}) as site:
        with pytest.raises(HomePageFailed, match="timeout after 1s"):
            await crawler.crawl(site.url, page_timeout_s=1)
