"""Single-page applications: all content that their scripts render is found and read."""

import asyncio

import pytest

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.content.main_content import read_page
from tasks.web.crawl.links import links_of
from tasks.web.reader import Web, open_web
from tests.sites.application import TEXTS, serve_application
from tests.sites.server import serve_site
from tests.web.conftest import make_settings


async def crawl(web: Web, url: str) -> dict[str, FetchedPage]:
    """Crawl the site; return its pages by path."""
    home = (await web.load_home(Target(url=f"{url}/", depth=0), "() => null")).page
    pages, level = {"/": home}, [home]
    while level:
        links = dict.fromkeys(link.url for page in level for link in links_of(page))
        new = [link for link in links if link.startswith(f"{url}/") and link.removeprefix(url) not in pages]
        depth = level[0].target.depth + 1
        level = await asyncio.gather(*(web.fetch(Target(url=link, depth=depth)) for link in new))
        pages |= {page.target.url.removeprefix(url): page for page in level}
    return pages


@pytest.mark.parametrize("mode", ["history", "hash"])
async def test_every_route_of_an_application_is_found_and_read(mode: str) -> None:
    """Whether its routes are paths or fragments; each is a page of its own."""
    async with serve_application(mode) as site, open_web(make_settings(page_timeout_s=20)) as web:
        pages = await crawl(web, site.url)
        routes = {route.removeprefix("/#") if mode == "hash" else route: page for route, page in pages.items()}
        assert set(routes) == set(TEXTS)
        for route, page in routes.items():
            assert TEXTS[route] in read_page(page).markdown
            assert page.method is FetchMethod.browser
            assert page.final_url == page.target.url
        assert web.rendering["home"] == "the home page needs scripts"


async def test_a_site_that_is_sent_whole_hardly_meets_the_browser() -> None:
    """The home page, a sample of each kind, and the one page that its script fills; the reasons can be read."""
    async with serve_site(slow={}) as site, open_web(make_settings(page_timeout_s=20, obey_robots=False)) as web:
        targets = [Target(url=f"{site.url}{path}", depth=1) for path in ("/faq/", "/about/", "/dealers/", "/pricing/")]
        targets += [Target(url=f"{site.url}/docs/{name}/", depth=2) for name in ("firmware", "local-api")]
        await web.load_home(Target(url=f"{site.url}/", depth=0), "() => null")
        pages = [await web.fetch(target) for target in targets]
        by_browser = [page.target.url.removeprefix(site.url) for page in pages if page.method is FetchMethod.browser]
        assert by_browser == ["/faq/", "/dealers/"]
        assert [page.metadata["render_reason"] for page in pages[:3]] == [
            "a sample of pages like it",
            "pages like it are sent whole",
            "sent as an empty shell",
        ]
        told = {pattern["pattern"]: pattern["browser"] for pattern in web.rendering["patterns"]}
        assert told == {"/": 1, "/*": 2, "/docs/*": 0}


async def test_routes_that_show_nothing_are_left_out_without_asking_for_the_document_again() -> None:
    """A few of a kind are rendered; over HTTP each would be the same document."""
    async with serve_application("hash") as site, open_web(make_settings(page_timeout_s=20)) as web:
        await web.load_home(Target(url=f"{site.url}/", depth=0), "() => null")
        broken = [Target(url=f"{site.url}/#/nowhere/to/{number}", depth=1) for number in range(6)]
        outcomes = []
        for target in broken:
            try:
                outcomes.append((await web.fetch(target)).method)
            except PageSkipped as skipped:
                outcomes.append(skipped.reason)
        assert outcomes[0] is FetchMethod.browser
        assert outcomes[-3:] == ["empty"] * 3
        assert site.requests["/"] <= 1 + outcomes.count(FetchMethod.browser)
