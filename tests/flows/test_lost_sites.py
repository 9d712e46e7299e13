"""Sites that answer with something else than their pages: the old knowledge stays, and the cause is said."""

import itertools
from collections.abc import Callable

import pytest
from aiohttp import web

from flows.workspace import Workspace
from tasks.core.errors import BuildError, HomePageFailed, SiteShrank
from tests.crawling import Crawler
from tests.knowledge.material import count
from tests.sites.generated import plan_links, render_page
from tests.sites.server import serve_handler

LINKS = plan_links(12, 2)
ACTIVE = "SELECT count(*) FROM widgets WHERE id = %s AND active_job_id = %s"
LOGIN = (
    "<html><title>Sign in</title><body><h1>Sign in</h1><p>Enter your name and password to go on. {}</p></body></html>"
)
Answer = Callable[[web.Request], web.Response]
_numbers = itertools.count()


def page(request: web.Request) -> web.Response:
    """The page of the site."""
    if request.path not in LINKS:
        return web.Response(status=404, text="Not found")
    return web.Response(text=render_page(request.path, LINKS, 5), content_type="text/html")


def sign_in(_: web.Request) -> web.Response:
    """The login page in place of each page."""
    return web.Response(text=LOGIN.format(""), content_type="text/html")


def sign_in_anew(_: web.Request) -> web.Response:
    """A login page with another token in each, which equals no other."""
    return web.Response(text=LOGIN.format(f"Token {next(_numbers)}"), content_type="text/html")


def lead_to_login(request: web.Request) -> web.Response:
    """The login page at an address of its own, which remembers where the visitor wanted to go."""
    if request.path == "/login":
        return web.Response(text=LOGIN.format(""), content_type="text/html")
    return web.Response(status=302, headers={"Location": f"/login?next={request.path}"})


def fail(_: web.Request) -> web.Response:
    """No page."""
    return web.Response(status=503, text="Down for maintenance")


def give_half(request: web.Request) -> web.Response:
    """Every second page, and the start page."""
    return page(request) if list(LINKS).index(request.path) % 2 == 0 else fail(request)


def sign_in_below(request: web.Request) -> web.Response:
    """The start page, and the login page in place of all others."""
    return page(request) if request.path == "/" else sign_in_anew(request)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (sign_in, SiteShrank),
        (sign_in_anew, SiteShrank),
        (lead_to_login, SiteShrank),
        (sign_in_below, SiteShrank),
        (give_half, SiteShrank),
        (fail, HomePageFailed),
    ],
)
async def test_what_is_not_the_site_is_not_published(
    crawler: Crawler, plain_space: Workspace, answer: Answer, error: type[BuildError]
) -> None:
    """The widget goes on answering from the build before."""
    shown: list[Answer] = [page]

    async def respond(request: web.Request) -> web.Response:
        return shown[-1](request) if request.path != "/robots.txt" else web.Response(status=404)

    async with serve_handler(respond) as url:
        first = await crawler.publish_in(plain_space, url)
        assert await count(crawler.pool, ACTIVE, first.widget_id, first.build_id) == 1
        shown.append(answer)
        with pytest.raises(error):
            await crawler.publish_in(plain_space, url, first.widget_id)
    assert await count(crawler.pool, ACTIVE, first.widget_id, first.build_id) == 1
    assert len(first.pages) == len(LINKS)
