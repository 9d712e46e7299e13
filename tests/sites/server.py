"""A web server for folders of static files, with delays for chosen paths and a log of requests.

From a test: `async with serve_site() as site: …`; from a shell: `python -m tests.sites.server [FOLDER]`.
"""

import argparse
import asyncio
import mimetypes
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from aiohttp import web

from tests.sites.company_facts import FOLDER as COMPANY
from tests.sites.company_facts import ORIGIN, SLOW

HOST = "127.0.0.1"
PAGE_SUFFIXES = {"", ".html", ".htm"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """A running site with counters of its requests."""

    url: str = ""
    """Scheme, host and port, without a trailing slash."""
    requests: Counter[str] = field(default_factory=Counter)
    """Number of requests for each page, by path with query."""
    assets: Counter[str] = field(default_factory=Counter)
    """Number of requests for everything else: styles, scripts, images, robots.txt, …"""
    open_requests: int = 0
    max_open_requests: int = 0
    """Most concurrent requests so far."""

    @contextmanager
    def recording(self, path: str) -> Iterator[None]:
        """Count a request, and as open until the context ends."""
        is_page = PurePosixPath(path.split("?")[0]).suffix in PAGE_SUFFIXES
        (self.requests if is_page else self.assets)[path] += 1
        self.open_requests += 1
        self.max_open_requests = max(self.max_open_requests, self.open_requests)
        try:
            yield
        finally:
            self.open_requests -= 1


@asynccontextmanager
async def serve_site(
    folder: Path = COMPANY, *, slow: Mapping[str, float] | None = None, port: int = 0
) -> AsyncIterator[Site]:
    """Serve the folder's files on loopback (`port` 0: a free one).

    `slow` has the delay of each path, in seconds; None: the company site's own slow page.
    """
    delays = (SLOW if folder == COMPANY else {}) if slow is None else slow
    site = Site()

    async def answer(request: web.Request) -> web.StreamResponse:
        with site.recording(request.raw_path):
            await asyncio.sleep(delays.get(request.path, 0))
            return _answer(folder, request)

    async with serve_handler(answer, port=port) as site.url:
        yield site


@asynccontextmanager
async def serve_handler(answer: Handler, *, port: int = 0) -> AsyncIterator[str]:
    """Serve one handler for every path and method on loopback and yield its URL."""
    app = web.Application(client_max_size=64 * 1024**2)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _answer(folder: Path, request: web.Request) -> web.StreamResponse:
    if request.method not in ("GET", "HEAD"):
        return web.Response(status=405, headers={"Allow": "GET, HEAD"})
    segments = [segment for segment in request.path.split("/") if segment]
    if ".." in segments or "\0" in request.path:
        return _not_found(folder)
    target = folder.joinpath(*segments)
    if target.is_dir():
        if not request.path.endswith("/"):
            return web.Response(status=301, headers={"Location": request.rel_url.raw_path + "/"})
        target /= "index.html"
    if not target.is_file() or request.path.endswith(("/404.html", ".html/")):
        return _not_found(folder)
    if target.name in ("robots.txt", "sitemap.xml"):
        return _with_origin(target, request)
    # aiohttp adds ETag and Last-Modified, and answers conditional and range requests with 304 and 206.
    return web.FileResponse(target, headers={"Content-Type": _content_type(target)})


def _content_type(target: Path) -> str:
    kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind in ("application/javascript", "application/json", "image/svg+xml")
    return f"{kind}; charset=utf-8" if is_text else kind


def _with_origin(target: Path, request: web.Request) -> web.Response:
    """Return a file with absolute URLs, rewritten to this server's address."""
    text = target.read_text().replace(ORIGIN, f"{request.scheme}://{request.host}")
    kind = "application/xml" if target.suffix == ".xml" else "text/plain"
    return web.Response(text=text, content_type=kind)


def _not_found(folder: Path) -> web.Response:
    own = folder / "404.html"
    text = own.read_text() if own.is_file() else "<!doctype html><title>Not found</title><h1>Not found</h1>"
    return web.Response(text=text, content_type="text/html", status=404)


async def _serve_until_signal(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve_site(folder, port=port) as site:
        print(f"{site.url}/", flush=True)
        await stop.wait()


def main() -> None:
    """Serve a folder until SIGTERM or Ctrl-C; print its address as one line."""
    parser = argparse.ArgumentParser(prog="python -m tests.sites.server", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=COMPANY, help="default: the company site")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is not a folder")
    asyncio.run(_serve_until_signal(arguments.folder.resolve(), arguments.port))


if __name__ == "__main__":
    main()
