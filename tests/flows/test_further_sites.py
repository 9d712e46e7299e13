"""Further sites of a widget: read within the same bounds and by the same rules as its own, and gone with their rule."""

from uuid import UUID

import pytest
from aiohttp import web

from flows.workspace import Workspace
from tasks.core.database import Pool
from tasks.knowledge.search.passage_search import search
from tasks.records.rollback import roll_back
from tasks.records.widgets import save_settings
from tasks.records.withheld_pages import apply_rules
from tests.crawling import Crawled, Crawler
from tests.sites.generated import generated_site
from tests.sites.living import living_site
from tests.sites.server import serve_handler

STATES = "SELECT url, status, coalesce(reason, error) FROM crawl_urls WHERE job_id = %s ORDER BY place, url"


async def states(pool: Pool, build: Crawled) -> dict[str, tuple[str, str | None]]:
    """Status and cause of each URL of the build."""
    async with pool.connection() as connection:
        rows = await (await connection.execute(STATES, (build.build_id,))).fetchall()
    return {url: (status, cause) for url, status, cause in rows}


async def stored(pool: Pool, build: Crawled) -> set[str]:
    """The URLs of the pages that the widget knows by the build."""
    return {url for url, (status, _) in (await states(pool, build)).items() if status == "stored"}


async def found(crawler: Crawler, space: Workspace, widget_id: UUID, words: str) -> set[str]:
    """The pages that a search finds."""
    return {passage.url for passage in await search(crawler.pool, space.embedder, widget_id, words, 50)}


async def test_a_second_site_is_read_cited_kept_and_taken_away(crawler: Crawler, plain_space: Workspace) -> None:
    """Re-crawls keep it; without it its pages are in no answer at once, and the next build does not miss them."""
    async with living_site(7, 2) as own, living_site(9, 2, seed=2) as second:
        second.change("/", to="zanzibar")
        start = f"{second.url}/"
        first = await crawler.publish_in(plain_space, own.url, sites=(start,))
        await save_settings(crawler.pool, first.widget_id, {}, {"sites": [start]})
        expected = {own.url + path for path in own.links} | {second.url + path for path in second.links}
        assert await stored(crawler.pool, first) == expected
        assert start in await found(crawler, plain_space, first.widget_id, "zanzibar")
        again = await crawler.publish_in(plain_space, own.url, first.widget_id, sites=(start,))
        assert await stored(crawler.pool, again) == expected
        assert second.answers[304] == len(second.links)
        await save_settings(crawler.pool, first.widget_id, {}, {"sites": None})
        assert await apply_rules(crawler.pool, first.widget_id) == len(second.links)
        answered = await found(crawler, plain_space, first.widget_id, "zanzibar")
        assert not [url for url in answered if url.startswith(second.url)]
        without = await crawler.publish_in(plain_space, own.url, first.widget_id)
        assert await stored(crawler.pool, without) == {own.url + path for path in own.links}
        # The build before knows the site; the widget's rules do not.
        await roll_back(crawler.pool, first.widget_id)
        assert not [url for url in await stored(crawler.pool, again) if url.startswith(second.url)]
        await save_settings(crawler.pool, first.widget_id, {}, {"sites": [start]})
        assert await apply_rules(crawler.pool, first.widget_id) == len(second.links)
        assert await stored(crawler.pool, again) == expected


async def test_sites_share_the_bounds_and_the_rules_of_paths(crawler: Crawler, plain_space: Workspace) -> None:
    """Depth counts from each start page, and paths are left out on all sites."""
    async with living_site(30, 2) as own, living_site(30, 2, seed=2) as second:
        start = f"{second.url}/"
        shallow = await crawler.publish_in(plain_space, own.url, sites=(start,), depth=0)
        assert await stored(crawler.pool, shallow) == {f"{own.url}/", start}
        bounded = await crawler.publish_in(plain_space, own.url, sites=(start,), max_pages=12)
        assert len(await stored(crawler.pool, bounded)) == 12
        section = second.links["/"][0]
        left_out = await crawler.publish_in(plain_space, own.url, sites=(start,), exclude=(f"{section}*",))
        assert not [url for url in await stored(crawler.pool, left_out) if url.startswith(second.url + section)]
        assert start in await stored(crawler.pool, left_out)


async def test_robots_and_addresses_of_a_second_site_are_obeyed_at_every_build(
    crawler: Crawler, plain_space: Workspace
) -> None:
    """A page that may not be fetched is told with its cause, and does not end the build."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nDisallow: /\n")
        pytest.fail("the site forbids it")

    async with living_site(5, 1) as own, serve_handler(answer) as closed:
        sites = (f"{closed}/", "http://10.11.12.13/", "http://127.0.0.1:9/")
        build = await crawler.publish_in(plain_space, own.url, sites=sites)
        told = await states(crawler.pool, build)
    assert told[f"{closed}/"] == ("skipped", "robots")
    assert [told[site][0] for site in sites[1:]] == ["failed", "failed"]
    assert "public" in str(told["http://10.11.12.13/"][1])
    assert {url for url, (status, _) in told.items() if status == "stored"} == {own.url + path for path in own.links}


async def test_a_second_site_that_has_moved_is_read_where_it_is(crawler: Crawler, plain_space: Workspace) -> None:
    """With its links; and it is taken away with the address it was given by."""

    async with living_site(5, 1) as own, living_site(5, 1, seed=2) as second:

        async def answer(_request: web.Request) -> web.Response:
            raise web.HTTPMovedPermanently(f"{second.url}/")

        async with serve_handler(answer) as old:
            start = f"{old}/"
            build = await crawler.publish_in(plain_space, own.url, sites=(start,))
            await save_settings(crawler.pool, build.widget_id, {}, {"sites": [start]})
            assert len(await stored(crawler.pool, build)) == len(own.links) + len(second.links)
            assert f"{second.url}/" in await found(crawler, plain_space, build.widget_id, "morning harbour")
            await save_settings(crawler.pool, build.widget_id, {}, {"sites": None})
            assert await apply_rules(crawler.pool, build.widget_id) == len(second.links)


async def test_a_build_that_was_broken_off_goes_on_with_the_second_site(
    crawler: Crawler, plain_space: Workspace
) -> None:
    """No page is stored twice, and none is missing."""
    async with generated_site(12, 2, 0.05) as own, generated_site(20, 2, 0.05, seed=2) as second:
        record = await crawler.record(own.url, sites=(f"{second.url}/",))
        await crawler.break_off(plain_space, record, lambda: second.requests.total() > 6)
        build = await crawler.publish_attempt_in(plain_space, record)
        known = await stored(crawler.pool, build)
    assert known == {own.url + path for path in own.links} | {second.url + path for path in second.links}
    assert build.statistics.adds_up


async def test_a_start_page_that_was_stored_is_not_asked_for_again(crawler: Crawler, plain_space: Workspace) -> None:
    """When the build goes on in another attempt."""
    async with generated_site(4, 1, 0) as own, generated_site(4, 1, 0, seed=2) as second:
        record = await crawler.record(own.url, sites=(f"{second.url}/",))
        await crawler.go_on_in(plain_space, record)
        build = await crawler.go_on_in(plain_space, record)
        assert second.requests["/"] == 1
        assert len(await stored(crawler.pool, build)) == 8
