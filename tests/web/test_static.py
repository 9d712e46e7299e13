"""Pages over HTTP: results, and the cause of each failure."""

import asyncio
import gzip

import pytest
import requests
from aiohttp import web
from scrapy.downloadermiddlewares import cookies
from tldextract import TLDExtract

from tasks.core.errors import FetchFailed, FetchTimeout, HttpStatus, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tests.web.conftest import (
    HOME,
    Answer,
    binary,
    endless,
    html,
    make_settings,
    redirect,
    refusing_port,
    serve,
    silence,
)


async def fetch(fetcher: StaticFetcher, answer: Answer) -> FetchedPage:
    """Fetch the page at `/` with this response."""
    async with serve({"/": answer}) as site:
        return await fetcher.fetch(Target(url=f"{site.url}/", depth=1))


async def test_a_page_comes_with_what_is_worth_keeping(static: StaticFetcher) -> None:
    """Document, size, validators."""
    page = await fetch(static, html(HOME, ETag='"1"', **{"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}))
    assert (page.html, page.method, page.byte_count) == (HOME, FetchMethod.http, len(HOME))
    assert page.metadata == {
        "status": 200,
        "content_type": "text/html; charset=utf-8",
        "etag": '"1"',
        "last_modified": "Mon, 01 Jan 2024 00:00:00 GMT",
    }


@pytest.mark.parametrize(("status", "retriable"), [(404, False), (410, False), (403, False), (429, True), (503, True)])
async def test_an_error_status_is_the_pages_failure(static: StaticFetcher, status: int, retriable: bool) -> None:
    """Retriable where it may be temporary."""
    with pytest.raises(HttpStatus, match=f"HTTP {status}") as failed:
        await fetch(static, html("<h1>Sorry</h1>", status=status))
    assert failed.value.retriable is retriable


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (PNG, "image/png", "image/png"),
        (b"{}", "Application/JSON; charset=utf-8", "application/json"),
        (HOME.encode(), "text/plain", "text/plain"),
        (HOME.encode(), "application/json", "application/json"),
        (b"PK\x03\x04 a document", "application/octet-stream", "application/octet-stream"),
        (PNG, "text/html", "application/octet-stream"),
        (PNG, "", "application/octet-stream"),
        (b"<rss version='2.0'/>", "text/xml", "text/xml"),
        (b"Sorry", "application/pdf", "application/octet-stream"),
        (b"x", "text/html<script>", "unknown type"),
    ],
)
async def test_what_is_not_html_is_skipped_and_counted_by_type(
    static: StaticFetcher, body: bytes, content_type: str, kind: str
) -> None:
    """The type is part of the reason: as declared, unless the body shows that it is none of it."""
    with pytest.raises(PageSkipped) as skipped:
        await fetch(static, binary(body, Content_Type=content_type))
    assert skipped.value.reason == f"not_html: {kind}"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (HOME.encode(), "application/octet-stream"),
        (b"\xef\xbb\xbf <!-- a note --> <!DOCTYPE html>" + HOME.encode(), "binary/octet-stream"),
        (HOME.encode(), "application/pdf"),
        (HOME.encode(), ""),
        (HOME.encode(), "application/xhtml+xml"),
        (f"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>{HOME}</html>".encode(), "text/xml"),
        (HOME.encode("utf-16-le"), "text/html"),
        (HOME.replace("reader", "rea\0der").encode(), "text/html"),
        (HOME.encode("cp037"), "text/html; charset=cp037"),
    ],
)
async def test_html_is_known_by_its_looks(static: StaticFetcher, body: bytes, content_type: str) -> None:
    """Whatever a server calls it; its text is free of NULs."""
    page = await fetch(static, binary(body, Content_Type=content_type))
    assert "Welcome, dear reader." in page.html


@pytest.mark.parametrize("content_type", ["application/pdf", "application/octet-stream", "text/html", "text/plain", ""])
async def test_a_pdf_comes_as_its_bytes(static: StaticFetcher, content_type: str) -> None:
    """Whatever a server calls it."""
    page = await fetch(static, binary(b"%PDF-1.7 \xff\0", Content_Type=content_type))
    assert (page.pdf, page.html, page.byte_count) == (b"%PDF-1.7 \xff\0", "", 11)


async def test_the_body_of_an_image_is_not_loaded(static: StaticFetcher) -> None:
    """Its type is enough to skip it."""
    left = asyncio.Event()
    with pytest.raises(PageSkipped) as skipped:
        await fetch(static, endless("video/mp4", left=left))
    assert skipped.value.reason == "not_html: video/mp4"
    await left.wait()


async def test_a_page_that_has_not_changed_is_not_sent_again(static: StaticFetcher) -> None:
    """Either validator of the page is sent back to the server (ETag, Last-Modified)."""
    modified = "Mon, 01 Jan 2024 00:00:00 GMT"
    tag = '"1"'

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == tag or request.headers.get("If-Modified-Since") == modified:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(text=HOME, content_type="text/html", headers={"ETag": tag, "Last-Modified": modified})

    async with serve({"/": answer, "/moved": redirect("/")}) as site:
        for path in ("/", "/moved"):
            target = Target(url=site.url + path, depth=1)
            page = await static.fetch(target)
            assert await static.fetch_if_changed(target, page.metadata) is None
            assert await static.fetch_if_changed(target, {"last_modified": modified}) is None
            changed = await static.fetch_if_changed(target, {**page.metadata, "etag": '"0"', "last_modified": "x"})
            assert changed == page
            assert await static.fetch_if_changed(target, {}) == page


async def test_cookies_come_back_to_the_site_that_set_them_alone(gate: Gate) -> None:
    """One cookie jar per run, for all lanes; other hosts get none of its cookies."""
    got: list[str] = []

    async def note(request: web.Request) -> web.Response:
        got.append(request.headers.get("Cookie", ""))
        return web.Response(text=HOME, content_type="text/html", headers={"Set-Cookie": "session=1; Path=/"})

    settings = make_settings(obey_robots=False)
    async with serve({"/{page}": note, "/": note}) as site, open_static_fetcher(settings, gate) as fetcher:
        other = site.url.replace("127.0.0.1", "localhost")
        for url in (f"{site.url}/a", f"{site.url}/b", f"{other}/"):
            await fetcher.fetch(Target(url=url, depth=1))
        assert got == ["", "session=1", ""]
    async with serve({"/": note}) as site, open_static_fetcher(settings, gate) as fetcher:
        await fetcher.fetch(Target(url=f"{site.url}/", depth=1))
        assert got[-1] == ""


async def test_a_cookie_makes_no_request_past_the_gate(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrapy's list of public suffixes would be downloaded at the first cookie, on the event loop."""
    asked: list[str] = []

    def refuse(_: requests.Session, url: str, **__: object) -> None:
        asked.append(url)
        raise requests.ConnectionError(url)

    monkeypatch.setattr(requests.Session, "get", refuse)
    # As Scrapy makes it, without a list from an earlier run.
    monkeypatch.setattr(cookies, "_split_domain", TLDExtract(cache_dir=None))
    answer = html(HOME, **{"Set-Cookie": "session=1"})
    async with serve({"/": answer}) as site, open_static_fetcher(make_settings(), gate) as fetcher:
        await fetcher.fetch(Target(url=f"{site.url}/", depth=1))
    assert asked == []


async def test_the_site_is_told_who_asks_and_in_which_language(gate: Gate) -> None:
    """The language of the start page, once known; the User-Agent names a contact if there is a public URL."""
    got: list[web.BaseRequest] = []

    async def note(request: web.Request) -> web.Response:
        got.append(request)
        return web.Response(text=HOME, content_type="text/html")

    settings = make_settings(public_url="https://widgets.example/", obey_robots=False)
    async with serve({"/": note}) as site, open_static_fetcher(settings, gate) as fetcher:
        target = Target(url=f"{site.url}/", depth=1)
        await fetcher.fetch(target)
        for html_tag in ('<html class="x" lang="de-AT">', "<html xml:lang=it lang=pt>", "<html data-lang=xx>"):
            fetcher.prefer_language_of(f"<!doctype html>{html_tag}<title>…</title>")
            await fetcher.fetch(target)
    languages = [request.headers["Accept-Language"] for request in got]
    assert languages == ["en", "de-AT, de;q=0.9, *;q=0.5", "pt, *;q=0.5", "pt, *;q=0.5"]
    assert got[0].headers["User-Agent"] == "Mozilla/5.0 (compatible; AIWidgetBuilder/0.1; +https://widgets.example)"
    assert got[0].headers["Accept"].startswith("text/html,application/xhtml+xml")
    assert got[0].headers["Accept-Encoding"] == "gzip, deflate, br, zstd"


async def test_a_busy_site_is_left_alone_as_long_as_it_asks(gate: Gate) -> None:
    """Other pages of the site wait too, without using up their timeouts."""
    answers = [429, 200, 200]

    async def answer(request: web.Request) -> web.Response:
        if (status := answers.pop(0)) == 429:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(text=HOME, content_type="text/html", status=status)

    clock = asyncio.get_running_loop().time
    async with (
        serve({"/robots.txt": html("", status=404), "/{page}": answer}) as site,
        open_static_fetcher(make_settings(page_timeout_s=0.8), gate) as fetcher,
    ):
        with pytest.raises(HttpStatus) as failed:
            await fetcher.fetch(Target(url=f"{site.url}/a", depth=1))
        assert failed.value.retry_after_s == 1
        asked_at = clock()
        await asyncio.gather(*(fetcher.fetch(Target(url=f"{site.url}/{page}", depth=1)) for page in "ab"))
        assert clock() - asked_at > 0.9


@pytest.mark.parametrize(
    "answer",
    [
        html("x" * 200_000),
        binary(gzip.compress(b"x" * 5_000_000), Content_Type="text/html", Content_Encoding="gzip"),
    ],
    ids=["as sent", "decompressed"],
)
async def test_a_page_that_is_too_large_is_skipped(static: StaticFetcher, answer: Answer) -> None:
    """Also when it becomes so by decompression."""
    with pytest.raises(PageSkipped) as skipped:
        await fetch(static, answer)
    assert skipped.value.reason == "too_large"


async def test_redirects_within_the_site_are_followed(static: StaticFetcher) -> None:
    """The page has its final URL."""
    async with serve({"/": redirect("/new"), "/new": html(HOME)}) as site:
        page = await static.fetch(Target(url=f"{site.url}/", depth=1))
        assert (page.final_url, page.target.url) == (f"{site.url}/new", f"{site.url}/")


async def test_a_redirect_loop_ends(static: StaticFetcher) -> None:
    """After ten hops."""
    async with serve({"/": redirect("/")}) as site:
        with pytest.raises(FetchFailed, match="too many redirects"):
            await static.fetch(Target(url=f"{site.url}/", depth=1))
        assert len(site.asked) == 11


async def test_redirects_that_only_count_on_are_not_followed_to_their_limit(static: StaticFetcher) -> None:
    """Other chains are, also one that counts down."""

    async def count(request: web.Request) -> web.Response:
        number = int(request.match_info["number"]) + 1
        raise web.HTTPFound("/end" if number == 3 else f"/loop/{number}")

    async def count_down(request: web.Request) -> web.Response:
        number = int(request.match_info["number"]) - 1
        raise web.HTTPFound(f"/down/{number}" if number else "/end")

    async with serve({"/loop/{number}": count, "/down/{number}": count_down, "/end": html(HOME)}) as site:
        assert (await static.fetch(Target(url=f"{site.url}/down/7", depth=1))).final_url == f"{site.url}/end"
        assert (await static.fetch(Target(url=f"{site.url}/loop/1", depth=1))).final_url == f"{site.url}/end"
        site.asked.clear()
        with pytest.raises(FetchFailed, match="only raises a number"):
            await static.fetch(Target(url=f"{site.url}/loop/7", depth=1))
        assert len(site.asked) == 3


async def test_a_redirect_off_the_site_is_skipped(static: StaticFetcher) -> None:
    """Another port is another site; except for the start page, whose redirect defines the site."""
    async with serve({"/": html(HOME)}) as other, serve({"/": redirect(f"{other.url}/")}) as site:
        target = Target(url=f"{site.url}/", depth=0)
        with pytest.raises(PageSkipped) as skipped:
            await static.fetch(target)
        assert skipped.value.reason == "off_site"
        assert (await static.fetch(target, site_may_move=True)).final_url == f"{other.url}/"


@pytest.mark.parametrize("location", ["http://[broken/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://host:port/"])
async def test_a_redirect_to_nowhere_is_the_pages_failure(static: StaticFetcher, location: str) -> None:
    """Any invalid Location is an error of the page, not of the fetcher."""
    with pytest.raises(FetchFailed) as failed:
        await fetch(static, redirect(location))
    assert not failed.value.retriable


async def test_a_page_that_does_not_come_in_time_fails(gate: Gate) -> None:
    """Also one that comes byte by byte: the limit is for the whole page."""
    settings = make_settings(page_timeout_s=0.5)
    async with (
        open_static_fetcher(settings, gate) as fetcher,
        serve({"/silent": silence, "/drip": endless("text/html")}) as site,
    ):
        for path in ("/silent", "/drip"):
            with pytest.raises(FetchTimeout, match=r"timeout after 0\.5s") as failed:
                await fetcher.fetch(Target(url=site.url + path, depth=1))
            assert failed.value.retriable


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_refused_connection_may_be_retried(static: StaticFetcher, scheme: str) -> None:
    """The same with and without TLS."""
    with pytest.raises(FetchFailed, match="connection refused") as failed:
        await static.fetch(Target(url=f"{scheme}://127.0.0.1:{await refusing_port()}/", depth=1))
    assert failed.value.retriable


async def test_a_connection_that_breaks_may_be_retried(static: StaticFetcher) -> None:
    """In the middle of a response."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x")
        assert request.transport is not None
        request.transport.abort()
        return response

    with pytest.raises(FetchFailed, match="connection broke") as failed:
        await fetch(static, break_off)
    assert failed.value.retriable


@pytest.mark.parametrize("agent", ["*", "AIWidgetBuilder"])
async def test_robots_txt_is_obeyed(gate: Gate, agent: str) -> None:
    """Rules for all or for our user agent; the page is not requested."""
    robots = binary(f"User-agent: {agent}\nDisallow: /private\n".encode(), Content_Type="text/plain")
    routes = {"/robots.txt": robots, "/private": html(HOME), "/public": html(HOME)}
    async with serve(routes) as site, open_static_fetcher(make_settings(), gate) as fetcher:
        with pytest.raises(PageSkipped) as skipped:
            await fetcher.fetch(Target(url=f"{site.url}/private", depth=1))
        assert skipped.value.reason == "robots"
        assert site.asked == []
        assert (await fetcher.fetch(Target(url=f"{site.url}/public", depth=1))).html == HOME


async def test_robots_txt_is_not_asked_for_when_it_does_not_count(gate: Gate) -> None:
    """`OBEY_ROBOTS=false` is for one's own sites."""
    robots = binary(b"User-agent: *\nDisallow: /\n", Content_Type="text/plain")
    async with (
        serve({"/robots.txt": robots, "/": html(HOME)}) as site,
        open_static_fetcher(make_settings(obey_robots=False), gate) as fetcher,
    ):
        assert (await fetcher.fetch(Target(url=f"{site.url}/", depth=1))).html == HOME


async def test_many_pages_are_fetched_at_once(gate: Gate) -> None:
    """Over all lanes: the last is requested before the first response."""
    barrier = asyncio.Barrier(28)

    async def wait_for_all(_: web.Request) -> web.Response:
        await barrier.wait()
        return web.Response(text=HOME, content_type="text/html")

    routes = {"/robots.txt": html("", status=404), "/{n}": wait_for_all}
    async with serve(routes) as site, open_static_fetcher(make_settings(), gate) as fetcher:
        await asyncio.gather(*(fetcher.fetch(Target(url=f"{site.url}/{n}", depth=1)) for n in range(28)))


async def test_a_resource_comes_whatever_it_is(gate: Gate) -> None:
    """Its status and type are left to the caller; robots.txt does not apply, and its size can be limited further."""
    robots = binary(b"User-agent: *\nDisallow: /\n", Content_Type="text/plain")
    gone = binary(gzip.compress(b"<urlset/>"), Content_Type="application/xml", Content_Encoding="gzip", X_A="b")

    async def not_found(request: web.Request) -> web.StreamResponse:
        answer = await gone(request)
        answer.set_status(404)
        return answer

    routes = {"/robots.txt": robots, "/map": redirect("/moved"), "/moved": not_found}
    async with serve(routes) as site, open_static_fetcher(make_settings(), gate) as fetcher:
        resource = await fetcher.fetch_resource(f"{site.url}/map")
        assert (resource.final_url, resource.status, resource.body) == (f"{site.url}/moved", 404, b"<urlset/>")
        assert (resource.content_type, resource.headers["x-a"]) == ("application/xml", "b")
        with pytest.raises(PageSkipped, match="too large"):
            await fetcher.fetch_resource(f"{site.url}/map", max_bytes=5)
