"""Private addresses: in whatever form and place a site names one, no fetcher contacts it, in no kind of build."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from aiohttp import web

from flows.progress import Progress
from flows.workspace import Workspace
from tasks.brand.drawing import draw_in
from tasks.brand.site_images import MAX_BYTES
from tasks.core.errors import PageError
from tasks.core.models import BuildRequest
from tasks.records.builds import start_build
from tasks.records.crawl_record import CrawlRecord
from tasks.records.new_builds import create_rebuild
from tasks.web.fetching import egress
from tasks.web.reader import open_web
from tests.crawling import Crawled, Crawler
from tests.sites.server import serve_handler
from tests.web.canaries import Canary, open_listener
from tests.web.conftest import make_settings

ONLY_THE_SITE = (ip_network("127.0.0.1/32"),)
HOSTS = (
    *("127.0.0.2", "2130706434", "0x7f000002", "0177.0.0.2", "127.2", "127.0.0.2.", "user@127.0.0.2", "127。0。0。2"),
    *("[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[64:ff9b::7f00:2]", "[::7f00:2]"),
)
"""Forms of the canary's address."""
AT_EACH = """<a href="{url}">a</a><a href="/to?{url}">b</a><a href="/meta?{url}">c</a><a href="/script?{url}">d</a>
<img src="{url}"><img src="/to?{url}"><img srcset="{url} 2x"><link rel="stylesheet" href="{url}">
<script src="{url}"></script>
<iframe src="{url}"></iframe><object data="{url}"></object><embed src="{url}"><video src="{url}" poster="{url}"></video>
<link rel="prefetch" href="{url}"><link rel="preconnect" href="{url}"><link rel="modulepreload" href="{url}">
<link rel="alternate" type="application/rss+xml" href="{url}feed"><a rel="next" href="{url}2">e</a>
<svg><image href="{url}"/><use href="{url}#a"/><feImage href="{url}"/><style>@import url({url});</style></svg>
<style>@import url({url}); p {{ background: url({url}) }} @font-face {{ font-family: x; src: url({url}) }}</style>
<script>
for (const call of [() => fetch("{url}", {{mode: "no-cors"}}), () => new WebSocket("{url}".replace("http", "ws")),
    () => new EventSource("{url}"),
    () => navigator.sendBeacon("{url}"), () => open("{url}"), () => new Worker("/to?{url}"),
    () => fetch("/to?{url}"), () => navigator.serviceWorker.register("/to?{url}"), () => import("{url}")]) {{
    try {{ Promise.resolve(call()).catch(() => 0); }} catch {{ }}
}}
</script>"""
ONCE = """<title>Shop</title><link rel="icon" href="{url}i.png"><link rel="manifest" href="{url}m.json">
<link rel="canonical" href="{url}"><meta property="og:image" content="{url}o.png"><header><a href="/" class="logo">
<img class="logo" alt="Shop logo" src="{url}logo.png" width="120" height="40"></a><a href="/" class="logo">
<svg width="120" height="40"><image href="{url}l.png" width="9" height="9"/><path d="M0 0h90v40H0z"/></svg></a></header>
<main><h1>Lamps</h1>
<p>All our lamps are made by hand in the old harbour, and repaired for ten years.</p></main>
<script>const peer = new RTCPeerConnection({{iceServers: [{{urls: "stun:{host}:{port}"}}]}});
peer.createDataChannel("x"); peer.createOffer().then(offer => peer.setLocalDescription(offer));</script>"""


@asynccontextmanager
async def evil_site(canary: Canary) -> AsyncIterator[str]:
    """A site that names the canary wherever an address can stand."""
    urls = [f"http://{host}:{canary.port}/" for host in HOSTS]
    first = ONCE.format(url=urls[0], host=canary.host, port=canary.port)
    bodies = {
        "/": first
        + "".join(AT_EACH.format(url=url) for url in urls)
        + '<a href="/good">Good</a><a href="/base">Base</a>',
        "/base": f'<base href="{urls[0]}">{first}<a href="under">x</a><img src="under.png">',
        "/good": "<title>Care</title><main><h1>Care</h1><p>Wipe the lamps with a dry cloth once a month.</p></main>",
        "/llms.txt": "# Shop\n" + "".join(f"- [Page]({url}): page\n" for url in urls),
        "/robots.txt": "User-agent: *\nDisallow:\n" + "".join(f"Sitemap: {url}sitemap.xml\n" for url in urls),
        "/sitemap.xml": f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>",
    }

    async def answer(request: web.Request) -> web.Response:
        target = request.raw_path.partition("?")[2]
        match request.path:
            case "/to":
                return web.Response(status=302, headers={"Location": target})
            case "/meta":
                return web.Response(
                    text=f'<meta http-equiv="refresh" content="0;url={target}">', content_type="text/html"
                )
            case "/script":
                return web.Response(text=f'<script>location = "{target}"</script>', content_type="text/html")
        if request.path not in bodies:
            return web.Response(status=404)
        return web.Response(text=bodies[request.path], content_type="text/html")

    async with serve_handler(answer) as url:
        yield url


async def read(crawler: Crawler, shared: Workspace, build_id: UUID) -> Crawled:
    """An attempt of the build, with resources that are open."""
    job = await start_build(crawler.pool, build_id, None)
    record, progress = CrawlRecord(crawler.pool, build_id), Progress(crawler.pool, job, None)
    return await crawler._build(replace(shared, job=job, progress=progress, crawl_record=record))


@pytest.mark.parametrize("render", ["always", "never"])
async def test_a_private_address_is_contacted_by_no_build(crawler: Crawler, render: str) -> None:
    """A build, its resumption, a re-crawl; pages, what they load, hints, logo, icon, manifest, screenshot."""
    async with open_listener() as canary, evil_site(canary) as url:
        request = BuildRequest(url=f"{url}/", depth=2, max_pages=40)
        build_id = await crawler.record(url, 2, 60)
        async with crawler.open_workspace(build_id, render=render, egress_allow=ONLY_THE_SITE) as space:
            built = await crawler._build(space)
            resumed = await read(crawler, space, build_id)
            async with crawler.pool.connection() as connection:
                await connection.execute("UPDATE scrape_jobs SET status = 'completed' WHERE id = %s", (build_id,))
            again = await create_rebuild(crawler.pool, space.job.widget_id, request)
            rebuilt = await read(crawler, space, again.build_id)
        assert [sorted(crawled.names) for crawled in (built, resumed, rebuilt)] == [["/", "/base", "/good"]] * 3
        assert canary.sung == []


SVG = """<?xml version="1.0"?><?xml-stylesheet href="{url}s.css"?><!DOCTYPE svg SYSTEM "{url}svg.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 60 40">
<style>@import url({url}); path {{ fill: url({url}#a) }}</style><path d="M0 0h60v40H0z"/><image href="{url}i.png"/>
<image xlink:href="{url}"/><use href="{url}#a"/><filter id="f"><feImage href="{url}"/></filter></svg>"""


async def test_no_picture_is_fetched_from_a_private_address() -> None:
    """Logo, icon, manifest and preview: named as they are, by a redirect, and within a drawing."""

    async def answer(request: web.Request) -> web.Response:
        target = request.raw_path.partition("?")[2]
        if request.path == "/to":
            return web.Response(status=302, headers={"Location": target})
        return web.Response(text=SVG.format(url=target), content_type="image/svg+xml")

    async with open_listener() as canary, serve_handler(answer) as site:
        private = [f"http://{host}:{canary.port}/" for host in HOSTS]
        lures = tuple(url for to in private for url in (f"{to}logo.png", f"{site}/to?{to}"))
        drawings = tuple(f"{site}/logo.svg?{to}" for to in private)
        async with open_web(make_settings(render="never", egress_allow=ONLY_THE_SITE)) as reader:
            for url in lures:
                with pytest.raises(PageError):
                    await reader.fetch_resource(url, MAX_BYTES)
            fetched = [await reader.fetch_resource(url, MAX_BYTES) for url in drawings]
            draw = draw_in(reader.readers)
            await asyncio.to_thread(lambda: [draw(data) for data in fetched])
        assert len(fetched) == len(HOSTS)
        assert canary.sung == []


@pytest.mark.parametrize("render", ["always", "never"])
async def test_a_name_that_turns_private_is_contacted_by_no_build(
    crawler: Crawler, render: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to the site until its home page has been sent, and to the canary from then on (DNS rebinding)."""
    name, has_turned, looked_up = "turning.example", False, []
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def turn(host: str, port: int, **more: Any) -> Any:
        if host != name:
            return await look_up(host, port, **more)
        looked_up.append(has_turned)
        return [(2, 1, 6, "", ("127.0.0.2" if has_turned else "127.0.0.1", port))]

    async def answer(request: web.Request) -> web.Response:
        nonlocal has_turned
        if request.path not in ("/", "/robots.txt"):
            return web.Response(status=404)
        has_turned = has_turned or request.path == "/"
        links = "".join(f'<a href="/{page}">{page}</a><img src="/{page}.png">' for page in "abc")
        return web.Response(text=f"{ONCE.split('<script>')[0]}{links}", content_type="text/html")

    monkeypatch.setattr(egress, "DNS_CACHE_S", 0.0)
    async with serve_handler(answer) as url, open_listener(port=urlsplit(url).port or 0) as canary:
        with monkeypatch.context() as patched:
            patched.setattr(loop, "getaddrinfo", turn)
            own = url.replace("127.0.0.1", name)
            crawled = await crawler.crawl(own, depth=1, render=render, egress_allow=ONLY_THE_SITE)
        assert set(crawled.pages) == {"/"}
        assert any(looked_up), "it was asked for again"
        assert canary.sung == []
