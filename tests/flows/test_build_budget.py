"""A build ends when its seconds, bytes or requests are spent, with the pages it has, whatever the site still offers."""

from dataclasses import replace

import pytest

from flows.workspace import Workspace
from tasks.records.build_events import read_events
from tests.crawling import Crawler
from tests.sites.generated import generated_site

PAGES = 400


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ({"build_timeout_s": 2}, "BUILD_TIMEOUT_S"),
        ({"build_bytes": 30_000}, "BUILD_BYTES"),
        ({"build_requests": 60}, "BUILD_REQUESTS"),
    ],
)
async def test_a_build_ends_when_its_budget_is_spent(
    crawler: Crawler, plain_space: Workspace, budget: dict[str, int], reason: str
) -> None:
    """Pages read until then are stored, and an event says why there are no more."""
    space = replace(plain_space, settings=plain_space.settings.model_copy(update=budget))
    async with generated_site(PAGES, 4, 0.3) as site:
        crawled = await crawler.crawl_in(space, site.url.rstrip("/"), max_pages=PAGES)
    counted = crawled.statistics
    assert 0 < counted.stored_pages == counted.scraped_pages < PAGES
    events = await read_events(crawler.pool, crawled.build_id)
    assert [event for event in events if reason in (event.detail or "")]
