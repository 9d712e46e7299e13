"""Sites whose template or server misleads a crawler: the content decides what is a page."""

from collections.abc import Callable

import pytest
from aiohttp import web

from flows.workspace import Workspace
from tests.crawling import Crawled, Crawler
from tests.sites.generated import sentences
from tests.sites.server import serve_handler

Respond = Callable[[str], web.Response]


async def build(crawler: Crawler, space: Workspace, respond: Respond) -> Crawled:
    """Build a site whose server answers a path, query included, with this response."""

    async def answer(request: web.Request) -> web.Response:
        return respond(request.path_qs)

    async with serve_handler(answer) as url:
        return await crawler.crawl_in(space, url)


def page(path: str, links: list[str], *, words: int = 60, head: str = "") -> web.Response:
    """A page with a text of its own."""
    listed = "".join(f'<li><a href="{link}">About {link}</a></li>' for link in links)
    body = f"<main><h1>On {path}</h1><p>{sentences(path, words)}</p></main><nav><ul>{listed}</ul></nav>"
    title = f"<title>Page {path}</title>"
    return web.Response(
        text=f"<html lang=en><head>{title}{head}</head><body>{body}</body></html>", content_type="text/html"
    )


def missing() -> web.Response:
    """A 404."""
    return web.Response(status=404, text="<h1>Not found</h1>", content_type="text/html")


@pytest.mark.parametrize("words", [15, 60, 200])
@pytest.mark.parametrize("canonical", ["/", "/gone", "/c0", "https://www.other.example/", "/de{path}"])
async def test_a_canonical_of_other_content_is_not_believed(
    crawler: Crawler, plain_space: Workspace, canonical: str, words: int
) -> None:
    """To the home page, to a 404, to a sibling, to another site, to another language: every page is stored."""
    paths = [f"/c{n}" for n in range(6)]

    def respond(path: str) -> web.Response:
        if path not in ("/", *paths):
            return missing()
        head = f'<link rel=canonical href="{canonical.format(path=path)}">'
        return page(path, paths, words=words, head=head)

    built = await build(crawler, plain_space, respond)
    assert set(built.pages) == {"/", *paths}


@pytest.mark.parametrize("has_dead_links", [False, True])
async def test_the_home_page_in_answer_to_any_address_is_kept_once(
    crawler: Crawler, plain_space: Workspace, has_dead_links: bool
) -> None:
    """The site has said what it says by its own address; dead links are soft 404s."""
    real = [f"/s{n}" for n in range(5)]
    dead = [f"/dead{n}" for n in range(5)] if has_dead_links else []

    def respond(path: str) -> web.Response:
        return page(path if path in real else "/", [*real, *dead])

    built = await build(crawler, plain_space, respond)
    assert set(built.pages) == {"/", *real}


async def test_a_404_page_with_a_status_of_success_is_no_page(crawler: Crawler, plain_space: Workspace) -> None:
    """Although it names the address; also when the home page links to it first."""
    real = [f"/s{n}" for n in range(5)]
    dead = [f"/dead{n}" for n in range(5)]

    def respond(path: str) -> web.Response:
        if path in ("/", *real):
            return page(path, [*dead, *real])
        text = f"<title>Oops</title><h1>Oops</h1><p>{path} could not be found. {sentences('oops', 12)}</p>"
        return web.Response(text=text, content_type="text/html")

    built = await build(crawler, plain_space, respond)
    assert set(built.pages) == {"/", *real}
    assert built.statistics.skipped["soft_404"] >= 3
