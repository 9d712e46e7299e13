"""Conditional re-crawls: what has not changed is neither sent, read, embedded nor stored again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from flows.workspace import Workspace
from tasks.core.database import Pool
from tasks.core.models import BuildRequest, ChunkedPage, Target
from tasks.knowledge.search.passage_search import search
from tasks.reading import reading_signature
from tasks.records.cleanup import tidy_widget
from tasks.records.new_builds import create_rebuild
from tasks.records.prior_pages import PriorPage, PriorPages
from tasks.records.rollback import roll_back
from tasks.web.revisiting import fetch_or_reuse
from tests.crawling import Crawled, Crawler
from tests.knowledge.material import count
from tests.sites.living import LivingSite, living_site

STORED = "SELECT count(*) FROM stored_pages WHERE widget_id = %s"


@pytest.fixture
async def site() -> AsyncIterator[LivingSite]:
    """Fifteen pages on three levels."""
    async with living_site(15, 2) as site:
        yield site


async def test_an_unchanged_page_is_reused_whole(crawler: Crawler, plain_space: Workspace, site: LivingSite) -> None:
    """The site sends one page, the home page; nothing is embedded or stored; the crawl goes on through the others."""
    first = await crawler.publish_in(plain_space, site.url)
    stored = await count(crawler.pool, STORED, first.widget_id)
    site.answers.clear()
    embedded = plain_space.embedder.usage.inputs
    again = await crawler.publish_in(plain_space, site.url, first.widget_id)
    assert again.diff == {"added": 0, "changed": 0, "removed": 0, "unchanged": 15}
    assert (again.statistics, again.pages) == (first.statistics, first.pages)
    assert again.statistics.adds_up
    assert (site.answers[200], site.answers[304]) == (1, 14)
    assert plain_space.embedder.usage.inputs == embedded
    assert await count(crawler.pool, STORED, first.widget_id) == stored == 15


async def test_the_diff_names_what_changed(crawler: Crawler, plain_space: Workspace, site: LivingSite) -> None:
    """A page that is gone for good goes at once, one that is not found stays for one build; search has the new text."""
    section, gone, missing, changed = site.links["/"][0], *site.leaves[:3]
    first = await crawler.publish_in(plain_space, site.url)
    site.add(section, f"{section}added/")
    site.change(changed, to="tremendous")
    site.texts[changed] += " Our zeppelin departs at noon."
    site.remove(gone, status=410)
    site.remove(missing)
    second = await crawler.publish_in(plain_space, site.url, first.widget_id)
    # The section lists the added page, but its text is the same.
    assert second.diff == {"added": 1, "changed": 1, "removed": 1, "unchanged": 13}
    assert second.statistics.failed_scrapes == 1
    assert second.statistics.adds_up
    found = await search(crawler.pool, plain_space.embedder, first.widget_id, "zeppelin departs")
    assert found[0].url == site.url + changed
    third = await crawler.publish_in(plain_space, site.url, first.widget_id)
    assert third.diff == {"added": 0, "changed": 0, "removed": 1, "unchanged": 14}
    assert missing in second.pages
    assert missing not in third.pages
    await _check_rollback(crawler.pool, plain_space, third, second)


async def _check_rollback(pool: Pool, space: Workspace, third: Crawled, second: Crawled) -> None:
    """The build before answers with its own pages, after housekeeping too, which deletes those of the first alone."""
    assert (await tidy_widget(pool, third.widget_id, 2)).pages == 2
    assert await roll_back(pool, third.widget_id) == second.build_id
    kept = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s"
    assert await count(pool, kept, second.build_id) == len(second.pages)
    assert await search(pool, space.embedder, third.widget_id, "zeppelin departs")


async def test_a_recrawl_that_was_killed_goes_on_where_it_stopped(
    crawler: Crawler, plain_space: Workspace, site: LivingSite
) -> None:
    """Reused pages are not asked for again, but for those under way; the counters are those of the first build."""
    first = await crawler.publish_in(plain_space, site.url)
    site.answers.clear()
    request = BuildRequest(url=f"{site.url}/", depth=5, max_pages=500)
    build_id = (await create_rebuild(crawler.pool, first.widget_id, request)).build_id
    stored = "SELECT count(*) FROM crawl_urls WHERE job_id = %s AND status = 'stored'"
    attempt = asyncio.create_task(crawler.go_on_in(plain_space, build_id))
    while not attempt.done() and not await count(crawler.pool, stored, build_id):
        await asyncio.sleep(0.01)
    attempt.cancel()
    await asyncio.wait([attempt])
    kept = await count(crawler.pool, stored, build_id)
    before = site.answers.total()
    again = await crawler.publish_attempt_in(plain_space, build_id)
    assert site.answers.total() - before <= 15 - kept + 1
    assert again.diff == {"added": 0, "changed": 0, "removed": 0, "unchanged": 15}
    assert (again.statistics, set(again.pages)) == (first.statistics, set(first.pages))


async def test_without_validators_an_equal_page_is_not_read_again(
    crawler: Crawler, plain_space: Workspace, site: LivingSite
) -> None:
    """It is sent, and recognised by its bytes."""
    site.has_validators = False
    first = await crawler.publish_in(plain_space, site.url)
    embedded = plain_space.embedder.usage.inputs
    again = await crawler.publish_in(plain_space, site.url, first.widget_id)
    assert again.diff == {"added": 0, "changed": 0, "removed": 0, "unchanged": 15}
    assert plain_space.embedder.usage.inputs == embedded


async def test_a_sitemaps_date_spares_a_page_without_validators_the_request(
    crawler: Crawler, plain_space: Workspace, site: LivingSite
) -> None:
    """If it is of a day before the page was read; the home page alone is always read."""
    site.has_validators = False
    first = await crawler.publish_in(plain_space, site.url)
    target = Target(url=site.url + site.leaves[0], depth=2)
    settings = plain_space.settings
    reading = reading_signature(settings.chunk_tokens, settings.read_noindex, settings.render)
    prior = PriorPages(crawler.pool, first.build_id, plain_space.embedder.model, reading, 5)
    for date, requests in (("2020-02-02", 0), (datetime.now(UTC).isoformat(), 1), ("", 1)):
        site.requests.clear()
        prior.modified[target.url] = date
        found = await fetch_or_reuse(target, plain_space.web, prior)
        assert isinstance(found, ChunkedPage)
        assert site.requests.total() == requests
    assert not isinstance(
        await fetch_or_reuse(Target(url=f"{site.url}/", depth=0), plain_space.web, prior), ChunkedPage
    )


async def test_a_page_that_was_a_leaf_is_fetched_for_its_links(
    crawler: Crawler, plain_space: Workspace, site: LivingSite
) -> None:
    """A deeper re-crawl goes on through it."""
    first = await crawler.publish_in(plain_space, site.url, depth=1)
    deeper = await crawler.publish_in(plain_space, site.url, first.widget_id, depth=2)
    assert len(first.pages) < len(deeper.pages) == 15
    assert deeper.diff == {"added": 15 - len(first.pages), "changed": 0, "removed": 0, "unchanged": len(first.pages)}


def test_a_page_whose_text_comes_from_scripts_is_always_rendered() -> None:
    """Its document stays the same while its text changes; what rendering adds nothing to can be asked for."""
    validators = {"etag": '"1"', "method": "browser"}
    page = PriorPage(
        id=uuid4(),
        url="https://example.com/a",
        title="",
        content_hash="",
        token_count=0,
        metadata=validators,
        links=None,
        fingerprint=None,
        scraped_at=datetime.now(UTC),
        kept_for=None,
    )
    assert not page.can_be_asked_for
    assert not page.is_listed_unchanged("2020-02-02")
    assert page.model_copy(update={"metadata": {**validators, "sent_whole": True}}).can_be_asked_for


async def test_a_recrawl_at_the_limit_of_pages_keeps_those_it_had(crawler: Crawler, plain_space: Workspace) -> None:
    """A new page does not push one out that is still there."""
    async with living_site(15, 2) as site:
        first = await crawler.publish_in(plain_space, site.url, max_pages=9)
        section = site.links["/"][0]
        site.add(section, f"{section}new/")
        site.links[section].insert(0, site.links[section].pop())
        again = await crawler.publish_in(plain_space, site.url, first.widget_id, max_pages=9)
        assert set(again.pages) == set(first.pages)
