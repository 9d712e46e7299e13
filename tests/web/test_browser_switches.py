"""Each switch of the browser that is a protection, by its effect: taken out, its test fails.

The browser is started as builds start it, but for the other protections that would hide the effect of the one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import psutil
import pytest
from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from tasks.web.fetching.browsers import find_browser
from tasks.web.fetching.chromium import new_context
from tasks.web.fetching.chromium_switches import launch_options
from tasks.web.fetching.egress import Gate
from tests.browsers import SharedDriver
from tests.web.canaries import open_listener
from tests.web.conftest import HOME, binary, html, make_settings, serve

Launch = Callable[..., AbstractAsyncContextManager[BrowserContext]]


@pytest.fixture(scope="module")
async def launch(driver: SharedDriver) -> Launch:
    """Starts a browser behind a proxy, as builds do."""
    path = find_browser(make_settings())
    assert path is not None
    playwright = await driver.open()

    @asynccontextmanager
    async def start(
        proxy_url: str, *, proxied: bool = True, resolving: bool = False, more: tuple[str, ...] = ()
    ) -> AsyncIterator[BrowserContext]:
        options = launch_options(Gate(proxy_url))
        if not proxied:
            del options["proxy"]
        if resolving:
            options["args"] = [each for each in options["args"] if not each.startswith("--host-resolver-rules")]
        options["args"] += more
        browser = await playwright.chromium.launch(executable_path=path, **options)
        try:
            yield await new_context(browser)
        finally:
            await browser.close()

    return start


@pytest.fixture(scope="module")
async def browser(launch: Launch, gate: Gate) -> AsyncIterator[Browser]:
    """A browser behind the gate with all of its switches."""
    async with launch(gate.proxy_url) as context:
        assert context.browser is not None
        yield context.browser


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A context of that browser, as builds make them."""
    context = await new_context(browser)
    yield context
    await context.close()


async def go_to(page: Page, url: str) -> None:
    """Navigate, whether that succeeds or not."""
    try:
        await page.goto(url, timeout=10_000)
    except PlaywrightError:
        return


@asynccontextmanager
async def open_proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that refuses every request; its URL, and the request lines it gets."""
    asked: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode("latin-1").strip())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_loopback_goes_through_the_gate_too(launch: Launch) -> None:
    """Left to itself, Chromium connects to loopback and link-local addresses directly."""
    async with open_proxy() as (proxy, asked), open_listener() as canary, launch(proxy, resolving=True) as context:
        page = await context.new_page()
        for host in ("127.0.0.2", "[::ffff:127.0.0.2]", "2130706434", "169.254.169.254", "[fe80::1]"):
            await go_to(page, f"http://{host}:{canary.port}/")
        assert canary.sung == []
        assert sum(line.startswith("GET") for line in asked) >= 5


async def test_nothing_is_resolved_past_the_gate(launch: Launch) -> None:
    """Should a request ever leave the proxy out, its host has no address."""
    async with (
        open_listener() as canary,
        open_listener("127.0.0.1") as local,
        launch("http://127.0.0.1:1", proxied=False) as context,
    ):
        page = await context.new_page()
        await go_to(page, f"http://127.0.0.2:{canary.port}/")
        await go_to(page, f"http://localhost:{local.port}/")
        assert canary.sung + local.sung == []


PEER = """async ([host, port]) => {
  const servers = ['stun:HOST', 'turn:HOST?transport=udp', 'turn:HOST?transport=tcp'].map(url => url.replace('HOST', `${host}:${port}`));
  const peer = new RTCPeerConnection({iceServers: servers.map(urls => ({urls, username: 'a', credential: 'b'}))});
  const other = new RTCPeerConnection();
  peer.createDataChannel('x');
  await peer.setLocalDescription(await peer.createOffer());
  await other.setRemoteDescription(peer.localDescription);
  await other.setLocalDescription(await other.createAnswer());
  await peer.setRemoteDescription(other.localDescription);
  await peer.addIceCandidate({candidate: `candidate:1 1 udp 2122260223 ${host} ${port} typ host`, sdpMid: '0'});
  await peer.addIceCandidate({candidate: `candidate:2 1 tcp 2122260222 ${host} ${port} typ host tcptype passive`, sdpMid: '0'});
  const isDone = () => peer.iceGatheringState === 'complete';
  for (let i = 0; i < 30 && !isDone(); i++) await new Promise(next => setTimeout(next, 100));
  return isDone();
}"""  # noqa: E501


async def test_webrtc_sends_nothing_past_the_gate(launch: Launch, gate: Gate) -> None:
    """No UDP at all, and no TCP but through the proxy: to STUN and TURN servers, and to a peer."""
    async with (
        open_listener() as canary,
        serve({"/": html(HOME)}) as site,
        launch(gate.proxy_url, resolving=True) as context,
    ):
        page = await context.new_page()
        await page.goto(site.url)
        await page.evaluate(PEER, [canary.host, canary.port])
        assert "udp" not in canary.sung


async def test_quic_is_off(launch: Launch) -> None:
    """HTTP/3 would leave in UDP packets, which no HTTP proxy sees."""
    async with open_listener() as canary:
        quic = f"--origin-to-force-quic-on={canary.host}:{canary.port}"
        async with launch("http://127.0.0.1:1", proxied=False, resolving=True, more=(quic,)) as context:
            await go_to(await context.new_page(), f"https://{canary.host}:{canary.port}/")
        assert "udp" not in canary.sung
        assert "tcp" in canary.sung


async def test_the_browser_asks_for_nothing_by_itself(launch: Launch) -> None:
    """No updates, accounts or reports: what a browser asks for is what its pages ask for."""
    async with open_proxy() as (proxy, asked), launch(proxy) as context:
        page = await context.new_page()
        await go_to(page, "http://site.example/")
        # No event says that nothing happens; left to itself, the browser asks within three seconds.
        await page.wait_for_timeout(5_000)
        assert any("site.example" in line for line in asked)
        assert [line for line in asked if "site.example" not in line] == []


async def test_a_page_opens_no_windows(context: BrowserContext) -> None:
    """Only a visitor's click would."""
    windows: list[str] = []
    async with serve({"/": html("<script>open('/popup')</script>")}) as site:
        page = await context.new_page()
        context.on("page", lambda window: windows.append(window.url))
        await page.goto(site.url)
        await page.wait_for_timeout(200)
        assert (windows, "/popup" in site.asked) == ([], False)


async def test_a_page_registers_no_service_worker(context: BrowserContext) -> None:
    """A worker would outlive its page, and send requests that belong to none."""
    worker = binary(b"fetch('/from-worker')", Content_Type="text/javascript")
    registering = "try { await navigator.serviceWorker.register('/worker.js'); return 1 } catch { return 0 }"
    async with serve({"/": html(HOME), "/worker.js": worker}) as site:
        page = await context.new_page()
        await page.goto(site.url)
        await page.evaluate(f"async () => {{ {registering} }}")
        assert "/worker.js" not in site.asked


async def test_nobody_can_connect_to_the_browser(context: BrowserContext) -> None:
    """It is remote-controlled through a pipe: no debugging port for a page to dial."""
    await context.new_page()
    sockets = {}
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "chrom" in child.name():
                sockets[child.pid] = child.net_connections()
    assert sockets
    assert [each for opened in sockets.values() for each in opened if each.status == psutil.CONN_LISTEN] == []


async def test_what_playwright_disables_stays_disabled(context: BrowserContext, gate: Gate) -> None:
    """Chromium takes only the last switch of a name, and ours names more: the address bar's pop-ups are not loaded."""
    await context.new_page()
    commands = commands_of(gate)
    (browser,) = [each for each in commands if not any(part.startswith("--type=") for part in each)]
    lists = [part.partition("=")[2].split(",") for part in browser if part.startswith("--disable-features=")]
    assert len(lists) == 2
    assert set(lists[0]) <= set(lists[1])
    assert not [each for each in commands if "--top-chrome-webui" in each]


def commands_of(gate: Gate) -> list[list[str]]:
    """The command lines of the browser behind the gate; other tests' browsers may run, and end, beside it."""
    found: dict[int, list[str]] = {}
    ours: set[int] = set()
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found[each.pid] = each.cmdline()
            if f"--proxy-server={gate.proxy_url}" in found[each.pid]:
                ours |= {each.pid, *(child.pid for child in each.children(recursive=True))}
    return [command for pid, command in found.items() if pid in ours]
