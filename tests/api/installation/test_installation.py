"""The installation check: its reports on customers' pages, and the addresses it must not fetch."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr
from starlette.applications import Starlette

from api.http.problems import HANDLERS
from api.http.turns import page_turns
from api.installation import installation_routes
from tasks.core.database import Pool
from tasks.records.budgets import Budgets
from tests.conftest import MakeSettings
from tests.serving import serve_app
from tests.sites.server import serve_handler
from tests.web.conftest import open_canary

ADMIN = "an administrator's token"
LOOPBACK = (ip_network("127.0.0.1/32"),)
SERVICE = "https://chat.example"


@dataclass
class Checker:
    """The route, and a widget whose site is a page of the test's."""

    http: httpx.AsyncClient
    widget: str
    site: str
    pool: Pool

    async def check(self, **body: Any) -> dict[str, Any]:
        """The report on the page."""
        answer = await self.ask(body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def ask(self, body: dict[str, Any], token: str = ADMIN) -> httpx.Response:
        """The response, whatever its status."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.post(f"/api/widgets/{self.widget}/installed", json=body, headers=headers)


MakeChecker = Callable[..., Any]


@pytest.fixture
def checker(pool: Pool, settings: MakeSettings) -> MakeChecker:
    """Makes checkers: of a page (a function of the widget's id that gives body and headers), or of a site's address."""

    @asynccontextmanager
    async def make(
        page: Callable[[str], Awaitable[web.StreamResponse]] | None = None, *, site: str = "", **more: Any
    ) -> AsyncIterator[Checker]:
        async def answer(request: web.Request) -> web.StreamResponse:
            assert page is not None
            return await page(request.path)

        chosen = settings(**{"egress_allow": LOOPBACK, "admin_token": SecretStr(ADMIN), **more})
        state = SimpleNamespace(settings=chosen, pool=pool, budgets=Budgets(pool, chosen), page_turns=page_turns())
        app = Starlette(routes=installation_routes.routes, exception_handlers=HANDLERS)
        app.state.resources = state
        async with serve_handler(answer) as url, serve_app(app) as http:
            widget, site = str(uuid4()), site or f"{url}/"
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO widgets (id, site_url) VALUES (%s, %s)", (widget, site))
            yield Checker(http, widget, site, pool)

    return make


def page_of(html: str, **headers: str) -> Callable[[str], Awaitable[web.StreamResponse]]:
    """The same page at each path."""

    async def answer(_path: str) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(text=f"<!doctype html><title>Shop</title>{html}", content_type="text/html", headers=named)

    return answer


def snippet(widget: str, src: str = f"{SERVICE}/widget.js") -> str:
    """The lines a customer copies."""
    return f'<script src="{src}" data-widget="{widget}" async></script>'


async def test_a_snippet_on_the_page_is_found(checker: MakeChecker) -> None:
    """On the start page or on the given page; through a redirect; compressed."""
    box: dict[str, str] = {}

    async def answer(path: str) -> web.StreamResponse:
        if path == "/old":
            raise web.HTTPMovedPermanently("/new")
        response = web.Response(text=snippet(box["widget"]), content_type="text/html")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with checker(answer) as made:
        box["widget"] = made.widget
        told = await made.check()
        assert (told["state"], told["url"], told["found"], told["add"]) == ("installed", made.site, [made.widget], [])
        moved = await made.check(url=f"{made.site}old")
        assert (moved["state"], moved["url"]) == ("installed", f"{made.site}new")


async def test_a_page_without_the_snippet_differs_from_one_with_another_widgets(checker: MakeChecker) -> None:
    """The other widget's id is named; a snippet in a comment does not count."""
    other = str(uuid4())
    async with checker(page_of(f"<!-- {snippet(other)} -->")) as made:
        assert (await made.check())["state"] == "not_found"
    async with checker(page_of(snippet(other))) as made:
        told = await made.check()
        assert (told["state"], told["found"]) == ("other_widget", [other])
        assert other in told["message"]


async def test_the_ai_widget_element_counts_as_well(checker: MakeChecker) -> None:
    """For pages that place the widget themselves."""
    box: dict[str, str] = {}

    async def answer(_path: str) -> web.StreamResponse:
        html = f'<script src="{SERVICE}/widget.js"></script><ai-widget widget="{box["widget"]}"></ai-widget>'
        return web.Response(text=html, content_type="text/html")

    async with checker(answer) as made:
        box["widget"] = made.widget
        assert (await made.check())["state"] == "installed"


@pytest.mark.parametrize(
    ("policy", "state", "add"),
    [
        ("default-src 'self'", "blocked", ["script-src", "connect-src", "img-src"]),
        (f"script-src {SERVICE}; connect-src 'self'; img-src *", "blocked", ["connect-src"]),
        (f"script-src {SERVICE}/widget.js; connect-src *; img-src *", "blocked", ["script-src"]),
        (f"default-src {SERVICE}; img-src 'self'", "installed", ["img-src"]),
        (f"default-src 'none'; script-src {SERVICE}; connect-src {SERVICE}; img-src {SERVICE}", "installed", []),
    ],
)
@pytest.mark.parametrize("where", ["header", "meta"])
async def test_a_blocking_policy_is_reported_with_the_sources_it_lacks(
    checker: MakeChecker, policy: str, state: str, add: list[str], where: str
) -> None:
    """In the header or in the page; the widget still works without its logo."""
    box: dict[str, str] = {}

    async def answer(_path: str) -> web.StreamResponse:
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if where == "meta" else ""
        headers = {"Content-Security-Policy": policy} if where == "header" else {}
        return web.Response(text=meta + snippet(box["widget"]), content_type="text/html", headers=headers)

    async with checker(answer) as made:
        box["widget"] = made.widget
        told = await made.check()
    assert (told["state"], told["add"]) == (state, [f"{directive} {SERVICE}" for directive in add])


async def test_an_origin_the_owner_has_not_allowed_is_reported(checker: MakeChecker) -> None:
    """The widget would show no chat there."""
    box: dict[str, str] = {}

    async def answer(_path: str) -> web.StreamResponse:
        return web.Response(text=snippet(box["widget"]), content_type="text/html")

    async with checker(answer) as made:
        box["widget"] = made.widget
        for origins, state in (('["https://other.example"]', "not_allowed"), (f'["{made.site[:-1]}"]', "installed")):
            async with made.pool.connection() as connection:
                statement = (
                    "UPDATE widgets SET settings = jsonb_build_object('allowed_origins', %s::jsonb) WHERE id = %s"
                )
                await connection.execute(statement, (origins, made.widget))
            assert (await made.check())["state"] == state


async def test_an_unreachable_page_is_reported_with_its_cause(checker: MakeChecker) -> None:
    """An error status, another content type, a redirect off the site, a loop, no server, too large."""

    async def answer(path: str) -> web.StreamResponse:
        if path == "/loop":
            raise web.HTTPFound("/loop")
        if path == "/away":
            raise web.HTTPFound("http://127.0.0.2/")
        if path == "/file":
            raise web.HTTPFound("file:///etc/passwd")
        if path == "/image":
            return web.Response(body=b"GIF89a", content_type="image/gif")
        if path == "/large":
            response = web.Response(body=b"a" * 200_000, content_type="text/html")
            response.enable_compression(web.ContentCoding.gzip)
            return response
        return web.Response(status=503, text="no", content_type="text/html")

    causes = {
        "loop": "more than 5 redirects",
        "away": "another website",
        "file": "redirect without a valid Location",
        "image": "not an HTML page",
        "large": "larger than 100000 bytes",
        "broken": "HTTP 503",
    }
    async with checker(answer, max_page_bytes=100_000) as made:
        for path, cause in causes.items():
            told = await made.check(url=f"{made.site}{path}")
            assert (told["state"], cause in told["message"]) == ("unreachable", True), told
    async with checker(site="http://127.0.0.1:1/") as made:
        assert "connection refused" in (await made.check())["message"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_a_private_address_is_not_requested_and_looks_like_an_unknown_host(
    checker: MakeChecker, host: str
) -> None:
    """However the address is written."""
    async with (
        open_canary() as (port, connections),
        checker(site="http://no-such-host.invalid/", egress_allow=()) as made,
    ):
        unknown = (await made.check())["message"]
        async with made.pool.connection() as connection:
            site = f"http://{host}:{port}/"
            await connection.execute("UPDATE widgets SET site_url = %s WHERE id = %s", (site, made.widget))
        told = await made.check()
        assert (told["state"], told["message"], connections) == ("unreachable", unknown, [])


async def test_a_service_of_the_stack_is_not_requested(checker: MakeChecker) -> None:
    """Although its network is open, and it looks like an unknown host."""
    async with (
        open_canary() as (port, connections),
        checker(site=f"http://localhost:{port}/", prefect_api_url=f"http://127.0.0.1:{port}/api") as made,
        checker(site="http://no-such-host.invalid/") as unknown,
    ):
        assert await made.check() == await unknown.check() | {"url": made.site}
        assert connections == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "https://other.example/"}, "url_off_site"),
        ({"url": "http://127.0.0.1:1/"}, "url_off_site"),
        ({"url": "file:///etc/passwd"}, "url_scheme"),
        ({"url": "ftp://127.0.0.1/"}, "url_scheme"),
        ({"url": "/page"}, "url_relative"),
        ({"url": 7}, "url_invalid"),
    ],
)
async def test_a_page_of_another_site_is_refused(checker: MakeChecker, body: dict[str, Any], code: str) -> None:
    """With the field, and without a request."""
    async with checker(page_of("")) as made:
        answer = await made.ask(body)
        assert answer.status_code == 422
        assert (answer.json()["error"]["code"], answer.json()["error"]["field"]) == (code, "url")


async def test_a_client_has_two_pages_checked_at_once(checker: MakeChecker) -> None:
    """Each may hold megabytes while its website takes its time; a third has to wait for one of them."""
    asked, release = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_path: str) -> web.StreamResponse:
        asked.release()
        await release.wait()
        return web.Response(text="<!doctype html>", content_type="text/html")

    async with checker(slow) as shop:
        waiting = [asyncio.create_task(shop.ask({})) for _ in range(2)]
        async with asyncio.timeout(10):
            await asked.acquire()
            await asked.acquire()
            refused = await shop.ask({})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "checks_busy")
        assert int(refused.headers["Retry-After"]) > 0
        release.set()
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]
        assert (await shop.ask({})).status_code == 200


async def test_only_the_owner_may_check(checker: MakeChecker) -> None:
    """Because the check makes the service send requests."""
    async with checker(page_of("")) as made:
        assert (await made.ask({}, token="")).status_code == 401
        assert (await made.ask({}, token="x")).status_code == 403
