"""Cost of fetching a page over HTTP: processor time and pages/s of the fetcher, the egress gate included.

500 pages of Python's documentation, served by another process, 25 at once. Side by side: connections kept and
closed, and over TLS each of Scrapy's handlers. The variants take turns; the best of their rounds counts.
"""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from aiohttp import web
from rich.table import Table

from tasks.core.egress_policy import EgressPolicy
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.web.fetching import handlers, static
from tasks.web.fetching.egress import open_gate
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tests.benchmarks.python_docs import find_docs
from tests.benchmarks.scores import Scores
from tests.sites.tls import serve_http2, write_certificate

PAGES = 500
AT_ONCE = 25
ROUNDS = 5
LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass(frozen=True)
class Cost:
    """Cost of fetching one page."""

    cpu_ms: float
    pages_per_s: float


@dataclass(frozen=True)
class Servers:
    """URLs of the servers in the other process."""

    kept: str
    closed: str
    tls: str


async def run(scores: Scores) -> None:
    """Measure all variants and print them side by side."""
    folder = find_docs(None)
    paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))[:PAGES]]
    with tempfile.TemporaryDirectory() as name:
        certificate = Path(name) / "server.pem"
        write_certificate(certificate)
        with _serving(folder, certificate) as servers, patch.dict("os.environ", SSL_CERT_FILE=str(certificate)):
            await _compare(scores, servers, paths)


async def _compare(scores: Scores, servers: Servers, paths: list[str]) -> None:
    variants = {
        "plain HTTP, connections closed": (servers.closed, handlers.HttpsHandler, False),
        "plain HTTP, connections kept": (servers.kept, handlers.HttpsHandler, False),
        "TLS, aiohttp handler, HTTP/1.1": (servers.tls, handlers.Http1Handler, False),
        "TLS, httpx handler, HTTP/1.1": (servers.tls, handlers.Http2Handler, False),
        "TLS, httpx handler, HTTP/2": (servers.tls, handlers.Http2Handler, True),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, (url, handler, http2) in variants.items():
            async with _fetcher(handler, http2) as fetcher:
                costs[name].append(await _measure(fetcher, url, paths))
    best = {name: min(found, key=lambda cost: cost.cpu_ms) for name, found in costs.items()}
    table = Table("", "processor time a page", "pages/s", title=f"{PAGES} pages, {AT_ONCE} at once")
    for name, cost in best.items():
        table.add_row(name, f"{cost.cpu_ms:.2f} ms", f"{cost.pages_per_s:.0f}")
    scores.console.print(table)
    closed, kept, http1, _, http2 = (cost.cpu_ms for cost in best.values())
    scores.at_most("keeping connections: share of the processor time without", kept / closed, 0.9, "×")
    scores.at_most("HTTP/2: processor time of HTTP/1.1 (aiohttp)", http2 / http1, 2.5, "×")


@asynccontextmanager
async def _fetcher(handler: Callable[..., object], http2: bool) -> AsyncIterator[StaticFetcher]:
    original = static.scrapy_settings

    def with_handler(*arguments: object) -> dict[str, object]:
        https = {"http": handlers.Http1Handler, "https": handler}
        return {**original(*arguments), "DOWNLOAD_HANDLERS": https, "HTTPX_HTTP2_ENABLED": http2}  # type: ignore[arg-type]

    settings = Settings(egress_allow=LOOPBACK, obey_robots=False, _env_file=None)  # type: ignore[call-arg]
    with patch.object(static, "scrapy_settings", with_handler):
        async with open_gate(EgressPolicy(LOOPBACK)) as gate, open_static_fetcher(settings, gate) as fetcher:
            yield fetcher


async def _measure(fetcher: StaticFetcher, url: str, paths: list[str]) -> Cost:
    waiting = iter(paths)

    async def lane() -> None:
        for path in waiting:
            await fetcher.fetch(Target(url=f"{url}/{path}", depth=1))

    await fetcher.fetch(Target(url=f"{url}/{paths[0]}", depth=1))
    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    return Cost((time.process_time() - cpu) * 1_000 / len(paths), len(paths) / (time.perf_counter() - began))


@contextmanager
def _serving(folder: Path, certificate: Path) -> Iterator[Servers]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, certificate, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def _serve(folder: Path, certificate: Path, parent: Connection) -> None:
    bodies = {f"/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in folder.rglob("*.html")}
    asyncio.run(_serve_until_closed(bodies, certificate, parent))


async def _serve_until_closed(bodies: dict[str, bytes], certificate: Path, parent: Connection) -> None:
    async with (
        _pages(bodies, closes=False) as kept,
        _pages(bodies, closes=True) as closed,
        serve_http2(certificate, next(iter(bodies.values()))[:16_000]) as site,
    ):
        parent.send(Servers(kept, closed, site.url))
        await asyncio.to_thread(parent.recv)


@asynccontextmanager
async def _pages(bodies: dict[str, bytes], *, closes: bool) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        response = web.Response(body=bodies[request.path], content_type="text/html")
        if closes:
            response.force_close()
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
