"""Event streams through nginx as Debian packages it, with its buffering on and a read timeout of 20 s.

nginx cuts a connection on which nothing came for that long: the comment every 15 s must reach the client, as it must
within nginx's usual 60 s.
"""

import asyncio
import contextlib
import itertools
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.benchmarks.client import run_build
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import open_product
from tests.web.conftest import html, serve, silence

READ_TIMEOUT_S = 20
FIRST_EVENT_S = 1.0
IDLE_S = 25.0
"""Seconds without an event that the build's hanging page makes: its timeout is 30."""
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_read_timeout {timeout}s;
        }}
    }}
}}
"""


@asynccontextmanager
async def open_nginx(upstream: str) -> AsyncIterator[str]:
    """Start nginx before the API, and yield its address."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program is not None, "nginx is not installed: apt-get install nginx-light"
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        text = CONFIGURATION.format(folder=folder, port=port, upstream=upstream, timeout=READ_TIMEOUT_S)
        (Path(folder) / "nginx.conf").write_text(text)
        process = await asyncio.create_subprocess_exec(
            program, "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"
        )
        try:
            async with asyncio.timeout(20):
                while not await _is_open(port):
                    await asyncio.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            await process.wait()


async def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


async def run(scores: Scores) -> None:
    """Build a site with a page that hangs, once to warm up and once to measure, through nginx."""
    pages = {"/": html("<h1>Leith Roasters</h1><p>Coffee from Leith.</p><a href='/slow'>More</a>"), "/slow": silence}
    async with serve(pages) as site, open_product() as product, open_nginx(product.api_url) as address:
        await run_build(address, f"{site.url}/", depth=0)
        began = time.monotonic()
        build = await run_build(address, f"{site.url}/", depth=1)
    times = [event.at_s for event in build.events]
    idle_s = max(after - before for before, after in itertools.pairwise(times))
    scores.console.print(f"{len(times)} events in {time.monotonic() - began:.0f} s, the longest pause {idle_s:.0f} s")
    scores.at_most("first event through nginx", build.first_event_s, FIRST_EVENT_S)
    scores.at_least("longest pause that the stream survived", idle_s, IDLE_S, "s")
    scores.holds("the build completed", build.is_complete, build.end.detail or "")
