"""A site sees one visitor: its cookies are copied from HTTP to the browser and back, and to no other site."""

from collections.abc import Awaitable, Callable
from copy import copy
from http.cookiejar import Cookie
from typing import Any

import pytest
from aiohttp import web
from scrapy.http.cookies import CookieJar

from tasks.core.errors import HttpStatus
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.fetching.cookies import MAX_COOKIES, SharedCookies
from tasks.web.reader import Web, open_web
from tests.web.conftest import make_settings, serve

Fetch = Callable[[Web, str], Awaitable[FetchedPage]]


async def greet(request: web.Request) -> web.Response:
    """Set a name cookie on the first visit; greet with it from then on."""
    name = request.cookies.get("name", "")
    response = web.Response(text=f"<main><h1>Good day, {name or 'stranger'}</h1></main>", content_type="text/html")
    if not name:
        response.set_cookie("name", request.path.strip("/"), httponly=True, max_age=1_000)
    return response


async def guard(request: web.Request) -> web.Response:
    """Respond 403 with a cookie, and let in only requests that have it."""
    if request.cookies.get("pass") == "yes":
        return web.Response(text="<main><h1>Come in</h1></main>", content_type="text/html")
    refusal = web.Response(text="<h1>Once more</h1>", content_type="text/html", status=403)
    refusal.set_cookie("pass", "yes")
    return refusal


async def by_browser(reader: Web, url: str) -> FetchedPage:
    """Fetch the page with the browser: depth 1, with rendering `always`."""
    page = await reader.fetch(Target(url=url, depth=1))
    assert page.method is FetchMethod.browser
    return page


async def over_http(reader: Web, url: str) -> FetchedPage:
    """Fetch the page over HTTP: depth 2, with rendering `always`."""
    page = await reader.fetch(Target(url=url, depth=2))
    assert page.method is FetchMethod.http
    return page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_one_way_was_given_the_other_gives_back(host: str) -> None:
    """In both directions, and only for that host."""
    settings = make_settings(render="always", obey_robots=False, page_timeout_s=20)
    for first, then in ((over_http, by_browser), (by_browser, over_http)):
        async with serve({"/{page}": greet}) as site, open_web(settings) as reader:
            url = site.url.replace("127.0.0.1", host)
            other = site.url if host == "localhost" else site.url.replace("127.0.0.1", "localhost")
            assert "stranger" in (await first(reader, f"{url}/alder")).html
            assert "Good day, alder" in (await then(reader, f"{url}/birch")).html
            assert "stranger" in (await then(reader, f"{other}/cedar")).html


async def test_a_cookie_that_comes_with_a_refusal_is_kept() -> None:
    """Whichever fetcher is refused first, the next page succeeds."""
    async with (
        serve({"/{page}": guard}) as site,
        open_web(make_settings(render="always", obey_robots=False, page_timeout_s=20)) as reader,
    ):
        with pytest.raises(HttpStatus):
            await by_browser(reader, f"{site.url}/a")
        assert "Come in" in (await over_http(reader, f"{site.url}/b")).html


class _Context:
    """A fake browser context with these cookies; it records added ones."""

    def __init__(self, *cookies: dict[str, Any]) -> None:
        self.given = cookies
        self.told: list[dict[str, Any]] = []

    async def cookies(self, _url: str) -> tuple[dict[str, Any], ...]:
        return self.given

    async def clear_cookies(self) -> None:
        self.given = ()

    async def add_cookies(self, cookies: list[dict[str, Any]]) -> None:
        self.told += cookies


def given(name: str, domain: str = "example.com") -> dict[str, Any]:
    """A cookie in the browser's form."""
    return {"name": name, "value": "1", "domain": domain, "path": "/", "secure": False, "expires": -1}


async def test_a_cookie_is_told_once_and_the_newer_one_wins() -> None:
    """A cookie set in a tab meanwhile is not overwritten with its older value; a new context gets all cookies."""
    jar = CookieJar()
    cookies, context, url = SharedCookies(jar), _Context(given("a")), "http://example.com/"
    await cookies.copy_from_browser(context, url)  # type: ignore[arg-type]
    await cookies.send_to_browser(context, url)  # type: ignore[arg-type]
    assert context.told == []
    (kept,) = jar
    jar.set_cookie(_with(kept, "2"))
    for _ in range(2):
        await cookies.send_to_browser(context, url)  # type: ignore[arg-type]
    assert [(cookie["name"], cookie["value"]) for cookie in context.told] == [("a", "2")]
    await cookies.send_to_browser(fresh := _Context(), url)  # type: ignore[arg-type]
    assert [cookie["value"] for cookie in fresh.told] == ["2"]
    await cookies.send_to_browser(elsewhere := _Context(), "http://example.org/")  # type: ignore[arg-type]
    assert elsewhere.told == []


async def test_a_flood_of_cookies_is_not_carried_over() -> None:
    """At most as many as a browser keeps per site."""
    jar = CookieJar()
    flood = _Context(*(given(f"c{number}") for number in range(10 * MAX_COOKIES)))
    await SharedCookies(jar).copy_from_browser(flood, "http://example.com/")  # type: ignore[arg-type]
    assert len(jar) == MAX_COOKIES


BOMB = [(f"c{number}", "x" * 3_000) for number in range(40)]
COME_IN = f"<main><h1>Come in</h1><p>{'There is much to read here. ' * 40}</p></main>"


async def bomb(request: web.Request) -> web.Response:
    """Set cookies of 120 KB, by headers or by script; refuse requests with more than 8 KB of them, as servers do."""
    if len(request.headers.get("Cookie", "")) > 8_000:
        return web.Response(status=431)
    response = web.Response(text=COME_IN, content_type="text/html")
    if request.path == "/bomb":
        for name, value in BOMB:
            response.set_cookie(name, value)
    if request.path == "/script":
        script = "for (let i = 0; i < 40; i++) document.cookie = `c${i}=${'x'.repeat(3e3)}`"
        response.text = f"{COME_IN}<script>{script}</script>"
    return response


@pytest.mark.parametrize("path", ["/bomb", "/script"])
@pytest.mark.parametrize("fetch", [by_browser, over_http])
async def test_a_page_that_sets_too_many_cookies_does_not_close_the_site(path: str, fetch: Fetch) -> None:
    """Every request with them would be refused; either way to the pages after it is open."""
    settings = make_settings(render="always", obey_robots=False, page_timeout_s=20)
    async with serve({"/{page}": bomb}) as site, open_web(settings) as reader:
        await fetch(reader, f"{site.url}{path}")
        for after in (over_http, by_browser):
            assert "Come in" in (await after(reader, f"{site.url}/after")).html


def _with(cookie: Cookie, value: str) -> Cookie:
    changed = copy(cookie)
    changed.value = value
    return changed
