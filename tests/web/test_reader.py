"""`Web` fetches each page once, by the method that gives its whole content."""

import asyncio

import pytest
from aiohttp import web

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchMethod, Target
from tasks.web.content.main_content import read_page
from tasks.web.crawl.links import links_of
from tasks.web.reader import open_web
from tests.web.conftest import HOME, binary, html, make_settings, redirect, serve
from tests.web.test_pdf import make_pdf

WORDS = "plenty of words to read " * 40
WHOLE = f"<body><h1>Whole</h1><p>{WORDS}</p><script>1</script></body>"
SHELL = f"<body><div id=root></div><script>root.innerHTML = '<h1>Drawn</h1><p>{WORDS}</p>'</script></body>"
TITLE = "() => document.querySelector('h1').textContent"


async def test_pages_are_asked_for_once_and_an_empty_shell_twice() -> None:
    """The shell is rendered by the browser, and its metadata says so."""
    routes = {"/": html(WHOLE), "/deep": html(WHOLE), "/shell": html(SHELL)}
    async with serve(routes) as site, open_web(make_settings(page_timeout_s=20)) as reader:
        home = await reader.load_home(Target(url=f"{site.url}/", depth=0), TITLE)
        assert (home.probe, home.page.method) == ("Whole", FetchMethod.browser)
        deep = await reader.fetch(Target(url=f"{site.url}/deep", depth=2))
        assert (deep.method, deep.escalated) == (FetchMethod.http, False)
        shell = await reader.fetch(Target(url=f"{site.url}/shell", depth=2))
        assert (shell.method, shell.escalated) == (FetchMethod.browser, True)
        assert shell.metadata["render_reason"] == "sent as an empty shell"
        assert "<h1>Drawn</h1>" in shell.html
        asked = [path for path in site.asked if path != "/favicon.ico"]
        assert asked == ["/", "/deep", "/shell", "/shell"]


async def test_with_rendering_off_there_is_no_browser() -> None:
    """The home page comes as sent, without a probe; a shell stays one."""
    settings = make_settings(render="never", browser_path="/nowhere")
    async with serve({"/": html(SHELL)}) as site, open_web(settings) as reader:
        target = Target(url=f"{site.url}/", depth=0)
        home = await reader.load_home(target, TITLE)
        assert (home.probe, home.page.html, home.sent_html) == (None, SHELL, SHELL)
        assert reader.method_for(target) is FetchMethod.http
        assert not (await reader.fetch(target)).escalated


async def test_a_linked_pdf_is_found_and_read() -> None:
    """Over HTTP, also where it would be the sample for the browser."""
    pdf = binary(make_pdf(["Open from nine until five."]), Content_Type="application/pdf")
    home = f'<body><h1>Home</h1><p>{WORDS}</p><a href="/hours.pdf">Opening hours</a></body>'
    async with (
        serve({"/": html(home), "/hours.pdf": pdf}) as site,
        open_web(make_settings(page_timeout_s=20)) as reader,
    ):
        start = await reader.load_home(Target(url=f"{site.url}/", depth=0), TITLE)
        (link,) = links_of(start.page)
        page = await reader.fetch(Target(url=link.url, depth=1))
        assert page.method is FetchMethod.http
        assert read_page(page).markdown == "## Page 1\n\nOpen from nine until five."


@pytest.mark.parametrize(
    ("kind", "disposition"),
    [("application/pdf", "inline"), ("application/pdf", "attachment"), ("application/octet-stream", "attachment")],
)
async def test_a_pdf_that_the_browser_meets_is_read_over_http(kind: str, disposition: str) -> None:
    """Its URL does not reveal its type, and the browser does not display it; also as the start page."""
    pdf = binary(make_pdf(["Open from nine until five."]), Content_Type=kind, Content_Disposition=disposition)
    async with (
        serve({"/hours": pdf}) as site,
        open_web(make_settings(render="always", page_timeout_s=20)) as reader,
    ):
        page = await reader.fetch(Target(url=f"{site.url}/hours", depth=1))
        home = await reader.load_home(Target(url=f"{site.url}/hours", depth=0), TITLE)
        for found in (page, home.page):
            assert found.method is FetchMethod.http
            assert read_page(found).markdown == "## Page 1\n\nOpen from nine until five."


async def test_what_neither_way_can_read_is_left_out_with_its_type() -> None:
    """For a download the reason has the type found over HTTP, not the browser's."""
    archive = binary(b"PK\x03\x04" + bytes(500), Content_Type="application/zip", Content_Disposition="attachment")
    async with (
        serve({"/all": archive, "/picture": binary(b"\x89PNG", Content_Type="image/png")}) as site,
        open_web(make_settings(render="always", page_timeout_s=20)) as reader,
    ):
        for path, kind in (("/all", "application/zip"), ("/picture", "image/png")):
            with pytest.raises(PageSkipped) as skipped:
                await reader.fetch(Target(url=site.url + path, depth=1))
            assert skipped.value.reason == f"not_html: {kind}"


@pytest.mark.parametrize("render", ["always", "never"])
async def test_robots_txt_holds_for_the_browser_too(render: str) -> None:
    """The forbidden page is not requested."""
    robots = binary(b"User-agent: *\nDisallow: /private\n", Content_Type="text/plain")
    async with (
        serve({"/robots.txt": robots, "/private": html(HOME)}) as site,
        open_web(make_settings(render=render, page_timeout_s=20)) as reader,
    ):
        with pytest.raises(PageSkipped) as skipped:
            await reader.fetch(Target(url=f"{site.url}/private", depth=1))
        assert skipped.value.reason == "robots"
        assert site.asked == []


async def test_the_home_page_says_where_the_site_is() -> None:
    """It may redirect to another host."""
    async with serve({"/": html(HOME)}) as moved, serve({"/": redirect(f"{moved.url}/")}) as site:
        settings = make_settings(render="never")
        async with open_web(settings) as reader:
            home = await reader.load_home(Target(url=f"{site.url}/", depth=0), TITLE)
            assert home.page.final_url == f"{moved.url}/"


async def test_requests_keep_their_distance_and_waiting_is_not_the_pages_time() -> None:
    """Five pages at once: each waits its turn, longer than a page may take."""
    times: list[float] = []

    async def note(_: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        return web.Response(text=HOME, content_type="text/html")

    settings = make_settings(render="never", crawl_delay_s=0.3, page_timeout_s=1, obey_robots=False)
    async with serve({"/{n}": note}) as site, open_web(settings) as reader:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(reader.fetch(Target(url=f"{site.url}/{n}", depth=1)) for n in range(5)))
    # Not from one to the next: a busy machine may hold one back, and the one behind it comes on time.
    assert all(time - began > 0.29 * n for n, time in enumerate(times))
