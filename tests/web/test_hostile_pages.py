"""Pages that would hold the browser for ever: each ends in its time, with a cause, and the next one is read."""

import asyncio
import contextlib
import re

import psutil
import pytest
from aiohttp import web

from tasks.core.errors import PageError
from tasks.core.models import Target
from tasks.web import tab_guard
from tasks.web.egress import Gate
from tasks.web.rendered import RenderedFetcher, open_rendered_fetcher
from tests.web.conftest import HOME, Answer, binary, html, make_settings, redirect, serve, silence

PROSE = "<p>" + "The lighthouse keeper counts the ships that pass in the night. " * 8 + "</p>"
READ = "lighthouse keeper"
TIMEOUT = "timeout after 4s"
LOOP = "too many redirects"
CRASH = "the page crashed the browser"


def script(code: str) -> Answer:
    """A page with text and a script."""
    return html(f"<body>{PROSE}<script>{code}</script></body>")


async def drip(request: web.Request) -> web.StreamResponse:
    """An answer that never ends."""
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b"<p>And another drop.</p>")
            await asyncio.sleep(0.05)
    return response


MEDIA = f"{PROSE}<video autoplay src=/silence></video><img src=/silence><audio autoplay src=/drip></audio>"
DEEP = "let e = document.body; for (let i = 0; i < 1e5; i++) e = e.appendChild(document.createElement('b'))"
SPINNING_WORKER = "new Worker(URL.createObjectURL(new Blob(['while (1);'])))"
DOWNLOADS = "const a = document.createElement('a'); a.href = '/zip'; setInterval(() => a.click(), 20)"
TICKING = "const b = document.body.appendChild(document.createElement('b')); setInterval(() => b.innerText = Date(), 5)"

HOSTILE = {
    "silence": (silence, TIMEOUT),
    "drip": (drip, TIMEOUT),
    "spin": (script("while (true);"), TIMEOUT),
    "spin-later": (script("setTimeout(() => { while (true); }, 9)"), TIMEOUT),
    "alerts": (script("while (true) alert(1)"), TIMEOUT),
    "reload": (script("location.reload()"), LOOP),
    "reload-later": (script("setInterval(() => location.reload(), 50)"), LOOP),
    "replace": (script("location.replace('/replace?' + Math.random())"), LOOP),
    "refresh": (html(f"<meta http-equiv=refresh content=0>{PROSE}"), LOOP),
    "redirect": (redirect("/redirect"), LOOP),
    "deep": (script(DEEP), CRASH),
    "windows": (script("for (let i = 0; i < 100; i++) open('/good?' + i); setInterval(() => open('/good'), 1)"), READ),
    "dialogs": (script("alert(1); confirm(2); prompt(3); print(); onbeforeunload = () => 'stay'"), READ),
    "stop": (script("stop(); close()"), READ),
    "download": (script("location = '/zip'"), READ),
    "downloads": (script(DOWNLOADS), READ),
    "worker": (script(SPINNING_WORKER), READ),
    "media": (html(MEDIA), READ),
    "ticking": (script(TICKING), READ),
    "asking": (script("setInterval(() => fetch('/good?' + Math.random()), 4)"), READ),
}


async def read(fetcher: RenderedFetcher, url: str) -> str:
    """The page, or why there is none."""
    try:
        return (await fetcher.fetch(Target(url=url, depth=1))).page.html
    except PageError as error:
        return error.message


async def test_hostile_pages_end_in_their_time_and_leave_nothing_behind(gate: Gate) -> None:
    """Whether they can be read or not; afterwards there are no more processes than before."""
    routes = {f"/{name}": answer for name, (answer, _) in HOSTILE.items()}
    routes |= {"/good": html(HOME), "/zip": binary(b"PK", Content_Type="application/zip")}
    others = renderers()
    async with (
        open_rendered_fetcher(make_settings(page_timeout_s=4, browser_extract_workers=4), gate) as fetcher,
        serve(routes) as site,
    ):
        ended = await asyncio.gather(*(read(fetcher, f"{site.url}/{name}") for name in HOSTILE))
        for (name, (_, expected)), found in zip(HOSTILE.items(), ended, strict=True):
            # On a busy machine, time may be over before anything else is noticed.
            assert re.search(f"{expected}|{TIMEOUT}", found), (name, found)
        for expected, least in ((READ, 6), (LOOP, 3), (TIMEOUT, 5)):
            assert sum(expected in found for found in ended) >= least
        assert "Welcome" in await read(fetcher, f"{site.url}/good")
        async with asyncio.timeout(20):
            # As many as an idle browser has, and those that end in the background.
            while len(renderers() - others) > 6:
                await asyncio.sleep(0.2)


async def test_a_page_that_eats_memory_dies_alone(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets another tab once; its neighbour does not notice."""
    monkeypatch.setattr(tab_guard, "MAX_TAB_BYTES", 400_000_000)
    eats = script(
        "const all = []; setInterval(() => { all.push(new Uint8Array(2e7).fill(1)); document.title += '.' }, 5)"
    )
    reads = script("setTimeout(() => document.body.append('At last.'), 2000); fetch('/slow')")

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(2.2)
        return web.Response()

    async with (
        open_rendered_fetcher(make_settings(page_timeout_s=20), gate) as fetcher,
        serve({"/eats": eats, "/reads": reads, "/slow": slow}) as site,
    ):
        eaten, other = await asyncio.gather(*(read(fetcher, f"{site.url}/{name}") for name in ("eats", "reads")))
        assert eaten == CRASH
        assert "At last." in other
        assert site.asked.count("/eats") == 2
        assert site.asked.count("/reads") == 1


def renderers() -> set[int]:
    """Chromium's processes for pages that run now under this one."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--type=renderer" in " ".join(process.cmdline()):
                found.add(process.pid)
    return found
