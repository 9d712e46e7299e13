"""The theme of a real site in a real browser, with evidence from its pictures and its manifest."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest
from aiohttp import web
from PIL import Image

import tasks.theme
from tasks.brand.colours import difference
from tasks.brand.derived_theme import neutral_theme
from tasks.core.settings import Settings
from tasks.core.theme_model import Theme
from tasks.theme import load_home
from tasks.web.fetching.first_screen import MAX_BYTES
from tasks.web.reader import Web, open_web
from tests.sites.server import serve_handler

PAGE = """<!doctype html><html lang="en"><title>Acme – anvils</title><link rel="icon" href="/icon.svg">
<link rel="manifest" href="/site.webmanifest"><link rel="stylesheet" href="/missing.css">
<header><a href="/"><img class="logo" src="/logo.svg" alt="Acme" width="120" height="40"></a></header>
<main><h1>Anvils</h1><p>For everyone who needs one.</p></main></html>"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><path fill="#b3005e" d="M9 9h99v22H9z"/></svg>'
ASKS = """<!doctype html><title>Cookies and consent</title><style>body{background:#123;color:#fff}</style>
<h1>Cookies and consent</h1><p>We use cookies. Your consent, please.</p>
<button style="background:#00c853;padding:20px 90px">Accept all</button>"""

Files = dict[str, tuple[str, str]]
SVG = "image/svg+xml"


@pytest.fixture(scope="module")
async def a_web() -> AsyncIterator[Web]:
    """A browser and a fetcher with access to loopback."""
    settings = Settings(_env_file=None, egress_allow=(ip_network("127.0.0.0/8"),))  # type: ignore[call-arg]
    async with open_web(settings) as opened:
        yield opened


@asynccontextmanager
async def serve(files: Files, asked: Counter[str] | None = None, stuck: str = "") -> AsyncIterator[str]:
    """Serve a site of these files; the path `stuck` never answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if asked is not None:
            asked[request.path] += 1
        if request.path == stuck:
            await asyncio.Event().wait()
        if request.path not in files:
            return web.Response(status=404, text="<h1>Not found</h1>", content_type="text/html")
        kind, body = files[request.path]
        if kind == "location":
            return web.Response(status=302, headers={"Location": body})
        return web.Response(text=body, content_type=kind)

    async with serve_handler(answer) as url:
        yield url


async def theme_of(a_web: Web, files: Files, path: str = "/", **more: str) -> tuple[Theme, str]:
    """Return the theme of a site of these files, and the site's address."""
    async with serve(files, **more) as url:
        return (await load_home(f"{url}{path}", a_web)).theme, url


async def test_a_sites_logo_and_manifest_are_fetched_and_give_its_theme(a_web: Web) -> None:
    """Each is requested once in addition to the browser's requests; the page itself once."""
    files = {
        "/": ("text/html", PAGE),
        "/logo.svg": (SVG, LOGO),
        "/icon.svg": (SVG, LOGO),
        "/site.webmanifest": ("application/json", '{"name": "Acme Anvils", "theme_color": "#b3005e"}'),
    }
    asked: Counter[str] = Counter()
    async with serve(files, asked) as url:
        theme = (await load_home(f"{url}/", a_web)).theme
    assert (theme.name, theme.primary) == ("Acme Anvils", "#b3005e")
    assert (theme.logo_url, theme.favicon_url) == (f"{url}/logo.svg", f"{url}/icon.svg")
    assert theme.sources["primary"] == "logo on the page; link rel=icon; web app manifest"
    assert theme.confidence > 0.8
    assert (asked["/"], asked["/site.webmanifest"]) == (1, 1)
    assert asked["/logo.svg"] <= 2


TALL = """<!doctype html><title>Tall</title><style>body{margin:0} main{height:4000px;background:#c2185b}
.bar{display:flex;position:fixed;inset:auto 0 0 0;height:200px;background:#00c853}
#top{height:900px;background:#1565c0}</style><div id=top></div><main></main>
<div class="bar cookie-banner">We use cookies. <button>Accept all</button></div><script>scrollTo(0, 2000)</script>"""


async def test_the_same_load_gives_a_picture_of_the_first_screen(a_web: Web) -> None:
    """From the top, without the consent banner, once; a second picture of the same load is None."""
    asked: Counter[str] = Counter()
    async with serve({"/": ("text/html", TALL)}, asked) as url:
        await load_home(f"{url}/", a_web)
        taken = await a_web.take_picture()
    assert taken is not None
    picture = Image.open(io.BytesIO(taken), formats=("JPEG",)).convert("RGB")
    assert picture.size == (1440, 900)
    for place in ((700, 20), (700, 880)):
        seen = "#{:02x}{:02x}{:02x}".format(*picture.getpixel(place))  # type: ignore[misc]
        assert difference(seen, "#1565c0") < 3
    assert asked["/"] == 1
    assert await a_web.take_picture() is None


NOISE = """<!doctype html><title>Noise</title><canvas style=display:block width=1440 height=900></canvas>
<script>const c = document.querySelector("canvas").getContext("2d"), d = c.createImageData(1440, 900);
for (let i = 0, n = 1; i < d.data.length; i++) d.data[i] = i % 4 == 3 ? 255 : (n = n * 48271 % 2147483647) & 255;
c.putImageData(d, 0, 0)</script><p>Static</p>"""


async def test_a_picture_is_never_larger_than_it_may_be(a_web: Web) -> None:
    """A picture of noise is a coarse JPEG, or there is none."""
    async with serve({"/": ("text/html", NOISE)}) as url:
        await load_home(f"{url}/", a_web)
    taken = await a_web.take_picture()
    assert taken is None or len(taken) <= MAX_BYTES


async def test_pictures_that_are_missing_or_never_come_cost_the_theme_nothing_else(
    a_web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing logo is left out; one that is late keeps the URL on the page."""
    monkeypatch.setattr(tasks.theme, "RESOURCES_S", 0.3)
    files = {"/": ("text/html", PAGE), "/icon.svg": (SVG, LOGO)}
    theme, url = await theme_of(a_web, files)
    assert (theme.name, theme.logo_url, theme.primary) == ("Acme", f"{url}/icon.svg", "#b3005e")
    theme, url = await theme_of(a_web, files | {"/logo.svg": (SVG, LOGO)}, stuck="/site.webmanifest")
    assert (theme.logo_url, theme.primary) == (f"{url}/logo.svg", "#b3005e")


async def test_a_site_that_leads_to_a_consent_page_has_no_theme_of_its_own(a_web: Web) -> None:
    """A consent page's colours are not the site's."""
    files = {"/": ("location", "/consent?return=/"), "/consent": ("text/html", ASKS)}
    theme, url = await theme_of(a_web, files)
    assert theme == neutral_theme(f"{url}/")
    assert theme.confidence == 0


@pytest.mark.parametrize("kind", ["text", "colours", "names"])
async def test_a_hostile_site_gets_a_plain_legible_theme(a_web: Web, kind: str) -> None:
    """No value of the theme has text that could end a string, a CSS rule or an element."""
    evil = "</script><script>alert(1)</script>"
    pages = {
        "text": f'<title>{evil}</title><meta property="og:site_name" content="{evil}"><h1>&lt;img src=x&gt;</h1>',
        "colours": "<style>:root{--brand:red;}*{x:expression(alert(1))} body{background:url(javascript:alert(1));"
        "color:#zz; font-family:'x;}body{background:red'}</style><meta name=theme-color content='red;}*{}'><p>Hi",
        "names": '<meta name="application-name" content="javascript:alert(1)"><link rel=icon href="data:text/html,x">'
        '<script type=\'application/ld+json\'>{"@type":"Organization","name":{},"logo":"//u:p@x/"}</script>',
    }
    theme, _ = await theme_of(a_web, {"/": ("text/html", pages[kind])})
    stored = theme.model_dump_json()
    assert not any(text in stored for text in ("<", "expression", "url(", "data:", "javascript:", "u:p@", ";}"))
    assert Theme.model_validate_json(stored) == theme


async def test_a_style_sheet_that_comes_late_is_waited_for(a_web: Web) -> None:
    """Before its style sheet loads, a page has only the browser's default look."""
    linked = (
        '<!doctype html><title>Acme</title><link rel="stylesheet" href="/late.css"><h1>Anvils</h1><a href="/x">Buy</a>'
    )
    style = "body{background:#fffdf8} a{background:#b3005e;color:#fff;padding:20px 60px}"

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/late.css":
            return web.Response(text=linked, content_type="text/html")
        await asyncio.sleep(0.4)
        return web.Response(text=style, content_type="text/css")

    async with serve_handler(answer) as url:
        home = await load_home(f"{url}/", a_web)
    found = (home.browser_failure, home.theme.primary, home.theme.background)
    assert found == ("", "#b3005e", "#fffdf8"), home.theme
