"""Pages in the browser: as a visitor sees them, with the cause of each failure."""

import os
import signal
from contextlib import suppress

import pytest
from aiohttp import web

from tasks.core.egress_policy import EgressPolicy
from tasks.core.errors import (
    AddressBlocked,
    DependencyUnavailable,
    FetchFailed,
    HttpStatus,
    PageSkipped,
)
from tasks.core.models import FetchMethod, Target
from tasks.web.fetching import chromium
from tasks.web.fetching.egress import Gate, open_gate
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tasks.web.fetching.rendered_page import RenderedPage
from tests.descendants import command_lines
from tests.web.conftest import (
    HOME,
    Answer,
    binary,
    html,
    make_settings,
    open_canary,
    redirect,
    refusing_port,
    serve,
)

WRITES = "<body><div id=app></div><script>setTimeout(() => {app.innerHTML = '<h1>Written</h1>'}, 50)</script></body>"


async def fetch(fetcher: RenderedFetcher, answer: Answer, probe: str | None = None) -> RenderedPage:
    """Fetch the page at `/` with this response."""
    async with serve({"/": answer}) as site:
        return await fetcher.fetch(Target(url=f"{site.url}/", depth=1), probe=probe, compare=True)


async def test_a_page_comes_as_scripts_left_it_and_as_it_was_sent(rendered: RenderedFetcher) -> None:
    """With the probe's result."""
    shown = await fetch(rendered, html(WRITES), "() => ({heading: document.querySelector('h1').textContent})")
    assert "<h1>Written</h1>" in shown.page.html
    assert (shown.sent_html, shown.page.byte_count) == (WRITES, len(WRITES))
    assert shown.probe == {"heading": "Written"}
    assert shown.page.method is FetchMethod.browser
    assert shown.page.metadata["status"] == 200


async def test_a_probe_looks_twice_the_second_time_in_the_dark(rendered: RenderedFetcher) -> None:
    """The page's HTML is that of the light scheme."""
    body = (
        "<body><script>matchMedia('(prefers-color-scheme: dark)').onchange = () => {document.title = 'Dark'}</script>"
    )
    probe = "(scheme) => [scheme, matchMedia('(prefers-color-scheme: dark)').matches]"
    shown = await fetch(rendered, html(body), probe)
    assert (shown.probe, shown.dark_probe) == (["light", False], ["dark", True])
    assert "Dark</title>" not in shown.page.html


async def test_a_probe_that_fails_shows_nothing(rendered: RenderedFetcher) -> None:
    """The page is fetched all the same."""
    shown = await fetch(rendered, html(HOME), "() => { throw new Error('no') }")
    assert shown.probe is None
    assert "Welcome" in shown.page.html


@pytest.mark.parametrize("body", [b"<h1>Sorry</h1>", b""], ids=["with a body", "without"])
@pytest.mark.parametrize("status", [404, 500])
async def test_an_error_status_is_the_pages_failure(rendered: RenderedFetcher, status: int, body: bytes) -> None:
    """Also where Chromium would show its own page."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type="text/html")

    with pytest.raises(HttpStatus, match=f"HTTP {status}"):
        await fetch(rendered, answer)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (binary(b"%PDF-1.4", Content_Type="application/pdf"), "not_html"),
        (binary(b"PK", Content_Type="application/zip"), "not_html"),
        (html("x " * 100_000), "too_large"),
    ],
)
async def test_what_is_no_page_is_skipped(rendered: RenderedFetcher, answer: Answer, reason: str) -> None:
    """For the same reasons as over HTTP."""
    with pytest.raises(PageSkipped) as skipped:
        await fetch(rendered, answer)
    assert skipped.value.reason.startswith(reason)


@pytest.mark.parametrize(
    "first",
    [
        redirect("/new"),
        html("<script>location.replace('/new')</script>"),
        html("<script>setTimeout(() => location.replace('/new'), 60)</script>"),
        html("<meta http-equiv=refresh content='0; url=/new'>"),
    ],
    ids=["302", "script", "timer", "meta"],
)
async def test_a_page_that_sends_on_is_followed(rendered: RenderedFetcher, first: Answer) -> None:
    """By status, script or meta refresh; the HTML as sent is that of the last page."""
    async with serve({"/": first, "/new": html(HOME)}) as site:
        shown = await rendered.fetch(Target(url=f"{site.url}/", depth=1), compare=True)
        assert shown.page.final_url == f"{site.url}/new"
        assert shown.sent_html == HOME


@pytest.mark.parametrize("how", ["302", "script"])
async def test_leaving_the_site_is_skipped(rendered: RenderedFetcher, how: str) -> None:
    """Unless it is the start page."""
    async with serve({"/": html(HOME)}) as other:
        url = f"{other.url}/"
        first = redirect(url) if how == "302" else html(f"<script>location.replace('{url}')</script>")
        async with serve({"/": first}) as site:
            target = Target(url=f"{site.url}/", depth=0)
            with pytest.raises(PageSkipped) as skipped:
                await rendered.fetch(target)
            assert skipped.value.reason == "off_site"
            assert (await rendered.fetch(target, site_may_move=True)).page.final_url == url


async def test_dialogs_and_popups_do_not_hold_a_page(rendered: RenderedFetcher) -> None:
    """They are dismissed and closed."""
    body = "<script>alert(1); confirm(2); window.open('/popup'); document.write('<p>after</p>')</script>"
    assert "<p>after</p>" in (await fetch(rendered, html(body))).page.html


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_unknown_and_private_names_look_the_same(rendered: RenderedFetcher, scheme: str) -> None:
    """As over HTTP."""
    messages = set()
    for host in ("nothing.invalid", "10.0.0.1"):
        with pytest.raises(AddressBlocked) as failed:
            await rendered.fetch(Target(url=f"{scheme}://{host}/", depth=0))
        assert not failed.value.retriable
        messages.add(failed.value.message)
    assert len(messages) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_refused_connection_may_be_retried(rendered: RenderedFetcher, scheme: str) -> None:
    """Though Chromium does not report why a tunnel failed."""
    with pytest.raises(FetchFailed, match="connection refused") as failed:
        await rendered.fetch(Target(url=f"{scheme}://127.0.0.1:{await refusing_port()}/", depth=0))
    assert failed.value.retriable


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "chrome://version", "view-source:http://127.0.0.1/", "data:text/html,x"]
)
async def test_the_browser_opens_nothing_but_websites(rendered: RenderedFetcher, url: str) -> None:
    """Files and the browser's own pages are refused."""
    with pytest.raises(FetchFailed, match="only http and https"):
        await rendered.fetch(Target(url=url, depth=0))


ATTEMPTS = """
<img src="BASE/img"><img src="http://localhost:PORT/name"><iframe src="BASE/frame"></iframe>
<link rel=prefetch href="BASE/prefetch"><link rel=preconnect href="BASE"><script src="BASE/script"></script>
<script>
  for (const host of ['127.0.0.2', '[::1]', '2130706434'])
    fetch(`http://${host}:PORT/`, {mode: 'no-cors'}).catch(() => {});
  try { new WebSocket('ws://127.0.0.2:PORT/') } catch {}
  new EventSource('BASE/events');
  navigator.sendBeacon('BASE/beacon', 'x');
  const turn = {urls: 'turn:127.0.0.2:PORT?transport=tcp', username: 'a', credential: 'b'};
  const peer = new RTCPeerConnection({iceServers: [turn]});
  peer.createDataChannel('x');
  peer.createOffer().then(offer => peer.setLocalDescription(offer));
  navigator.serviceWorker?.register('/worker.js').catch(() => {});
  window.open('BASE/popup');
</script><p>Still here.</p>
"""


async def test_nothing_on_a_page_reaches_a_private_address() -> None:
    """Images, frames, scripts, fetches, sockets, WebRTC, workers, popups: the canary gets no connection."""
    site_only = make_settings(egress_allow="127.0.0.1/32", page_timeout_s=20).egress_allow
    async with open_canary("127.0.0.2") as (port, connections):
        body = ATTEMPTS.replace("BASE", "http://127.0.0.2:PORT").replace("PORT", str(port))
        worker = binary(f"fetch('http://127.0.0.2:{port}/')".encode(), Content_Type="text/javascript")
        async with (
            open_gate(EgressPolicy(site_only)) as gate,
            open_rendered_fetcher(make_settings(page_timeout_s=20), gate) as fetcher,
            serve({"/": html(body), "/worker.js": worker}) as site,
        ):
            shown = await fetcher.fetch(Target(url=f"{site.url}/", depth=0))
            assert "Still here." in shown.page.html
            assert gate.refusal_reason("127.0.0.2", port) == "blocked"
            assert "/worker.js" not in site.asked
        assert connections == []


async def test_a_browser_that_was_killed_is_replaced(gate: Gate) -> None:
    """The next page comes from a new one."""
    async with (
        open_rendered_fetcher(make_settings(page_timeout_s=20), gate) as fetcher,
        serve({"/": html(HOME)}) as site,
    ):
        target = Target(url=f"{site.url}/", depth=0)
        await fetcher.fetch(target)
        # Beside it, for a moment, may be a fork of it that has no other command line yet.
        browsers = [pid for pid, command in command_lines().items() if is_browser(command, gate)]
        assert browsers
        for pid in browsers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert "Welcome" in (await fetcher.fetch(target)).page.html


async def test_tabs_and_contexts_are_used_for_many_pages_and_replaced(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """State that pages leave in the browser is removed with them."""
    monkeypatch.setattr(chromium, "PAGES_PER_TAB", 2)
    monkeypatch.setattr(chromium, "PAGES_PER_CONTEXT", 4)
    visitors: list[bool] = []

    async def greet(request: web.Request) -> web.Response:
        visitors.append("known" in request.cookies)
        return web.Response(text=HOME, content_type="text/html", headers={"Set-Cookie": "known=yes"})

    settings = make_settings(page_timeout_s=20, browser_extract_workers=1)
    async with open_rendered_fetcher(settings, gate) as fetcher, serve({"/{n}": greet}) as site:
        for number in range(9):
            shown = await fetcher.fetch(Target(url=f"{site.url}/{number}", depth=1))
            assert "Welcome" in shown.page.html
    pages = [known for path, known in zip(site.asked, visitors, strict=True) if path != "/favicon.ico"]
    assert pages == [False, True, True, True] * 2 + [False]


def is_browser(command: str, gate: Gate) -> bool:
    """Whether this is the main process of the browser behind the gate."""
    return f"--proxy-server={gate.proxy_url}" in command and "--type=" not in command


async def test_without_a_browser_the_remedy_is_said(gate: Gate) -> None:
    """Opening is quick; the first page raises."""
    settings = make_settings(browser_path="/nowhere/chromium")
    async with open_rendered_fetcher(settings, gate) as fetcher:
        with pytest.raises(DependencyUnavailable, match="WIDGET_BUILDER_BROWSER_PATH"):
            await fetcher.fetch(Target(url="http://127.0.0.1/", depth=0))
