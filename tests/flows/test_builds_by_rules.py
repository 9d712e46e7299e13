"""Builds by the rules of their widgets: what is left out goes from the answers, and is not taken for a broken site."""

import pytest

from flows.job import find_request
from flows.workspace import Workspace
from tasks.core.choices import RenderMode
from tasks.core.errors import InvalidRequest, SiteShrank
from tasks.core.models import BuildRequest
from tasks.core.rules import WidgetRules
from tasks.knowledge.search.passage_search import search
from tasks.records.known_pages import list_known_pages
from tasks.records.new_builds import create_build
from tasks.records.widgets import save_settings
from tests.conftest import MakeSettings
from tests.crawling import Crawler
from tests.sites.living import living_site


async def test_pages_that_the_rules_leave_out_go_from_the_answers(crawler: Crawler, plain_space: Workspace) -> None:
    """Although the site seems to have shrunk by half; pages that the site itself has lost still count."""
    async with living_site(15, 2) as site:
        first = await crawler.publish_in(plain_space, site.url)
        section = site.links["/"][0]
        outside = {path for path in first.pages if not path.startswith(section)}
        by_rule = await crawler.publish_in(plain_space, site.url, first.widget_id, exclude=(f"{section}*",))
        assert set(by_rule.pages) == outside
        assert len(outside) < 0.7 * len(first.pages)
        found = await search(crawler.pool, plain_space.embedder, first.widget_id, section, 50)
        assert found
        assert not [passage.url for passage in found if passage.url.startswith(site.url + section)]
        site.remove(*(path for path in outside if path != "/"), status=410)
        with pytest.raises(SiteShrank):
            await crawler.publish_in(plain_space, site.url, first.widget_id, exclude=(f"{section}*",))


@pytest.mark.parametrize(
    ("directive", "reason", "can_be_read"),
    [("robots content=noindex", "noindex", True), ("robots content=noai", "no_ai", False)],
)
async def test_the_owner_has_a_page_read_that_search_engines_may_not_index(
    crawler: Crawler, plain_space: Workspace, directive: str, reason: str, can_be_read: bool
) -> None:
    """It is listed with its cause; one that refuses AI stays out, and without the rule the next build leaves it out."""
    async with living_site(7, 2) as site:
        deep = site.leaves[-1]
        site.texts[deep] = f"<meta name={directive}>Refunds take a week."
        first = await crawler.publish_in(plain_space, site.url)
        assert deep not in first.pages
        assert first.statistics.skipped == {reason: 1}
        pages, _ = await list_known_pages(crawler.pool, first.widget_id, state="skipped", text=None, limit=9, offset=0)
        assert [(page.url, page.cause) for page in pages] == [(f"{site.url}{deep}", reason)]
        for _ in ("changed", "unchanged"):
            exempt = await crawler.publish_in(plain_space, site.url, first.widget_id, read_noindex_paths=(deep,))
            assert (deep in exempt.pages) is can_be_read
        without = await crawler.publish_in(plain_space, site.url, first.widget_id)
        assert deep not in without.pages


async def test_a_change_of_the_render_mode_reads_pages_again(crawler: Crawler, plain_space: Workspace) -> None:
    """Only once: a page that was read as the widget wants it is asked for by its validator."""
    async with living_site(7, 2) as site:
        first = await crawler.publish_in(plain_space, site.url)
        for sent in (7, 1):
            site.answers.clear()
            await crawler.publish_in(plain_space, site.url, first.widget_id, render=RenderMode.always)
            assert site.answers[200] == sent


async def test_a_runs_parameters_come_before_the_widgets_rules(crawler: Crawler, settings: MakeSettings) -> None:
    """And those before the settings; a parameter beyond the settings is refused."""
    request = BuildRequest(url="https://a.example/", depth=1, max_pages=7)
    widget_id = (await create_build(crawler.pool, request)).widget_id
    await save_settings(crawler.pool, widget_id, {}, {"exclude": ["/old/*"], "languages": ["de"]})
    asked = WidgetRules(exclude=("/new/*",))
    request = await find_request(crawler.pool, settings(), request.url, asked, widget_id)
    assert (request.depth, request.max_pages) == (1, 7)
    assert (request.exclude, request.languages, request.include) == (("/new/*",), ("de",), None)
    with pytest.raises(InvalidRequest) as refused:
        await find_request(crawler.pool, settings(), request.url, WidgetRules(depth=99), widget_id)
    assert refused.value.field == "depth"


async def test_a_runs_address_may_be_bare(crawler: Crawler, settings: MakeSettings) -> None:
    """As people type it for "Run again" in Prefect: by http where the host does not answer by https."""
    async with living_site(3, 1) as site:
        bare = site.url.removeprefix("http://")
        made = settings(egress_allow=["127.0.0.0/8"])
        request = await find_request(crawler.pool, made, bare, WidgetRules(), None)
    assert request.url == f"{site.url}/"
    with pytest.raises(InvalidRequest):
        await find_request(crawler.pool, made, "ftp://a.example/", WidgetRules(), None)
