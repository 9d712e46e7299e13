"""The process of a flow run: it opens the run's web, waits for the run, and carries it out.

It takes the place of `python -m prefect.engine`. The web is opened ahead, on the event loop that the run will use,
because starting a browser takes a second.
"""

import asyncio
import json
import os
import runpy
import socket
import sys
from typing import Any

from deployments.worker.runtime_internals import fork_forkserver, reuse_event_loop
from tasks.core.errors import WidgetBuilderError
from tasks.core.settings import load_settings

MAX_REQUEST_BYTES = 65_536


def wait_and_run(requests: socket.socket) -> None:
    """Wait for the run and carry it out; return without one when the other end of the socket is closed."""
    # The flow and its children have nothing to read.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    fork_forkserver()
    # The flows have imported this with all it needs. At the top it would load in child processes too, which import
    # this module again as part of `__main__`.
    from flows.prepared_web import close_prepared_web

    loop = asyncio.new_event_loop()
    try:
        if request := loop.run_until_complete(_wait_for_request(requests)):
            reuse_event_loop(loop)
            run_flow(request)
    finally:
        if not loop.is_closed():
            loop.run_until_complete(close_prepared_web())
            loop.close()


async def _wait_for_request(requests: socket.socket) -> dict[str, Any] | None:
    """Open the web, then read the request; None when the fork server has closed the socket."""
    from flows.prepared_web import prepare_web

    try:
        await prepare_web(load_settings())
    except WidgetBuilderError as error:
        # The run meets the error again, and records it in its build.
        print(f"the web could not be opened ahead of the run: {error.message}", file=sys.stderr, flush=True)
    requests.setblocking(False)
    received = b""
    with requests:
        while not received.endswith(b"\n"):
            if not (part := await asyncio.get_running_loop().sock_recv(requests, MAX_REQUEST_BYTES)):
                return None
            received += part
    request: dict[str, Any] = json.loads(received)
    return request


def run_flow(request: dict[str, Any]) -> None:
    """Run the flow in this process."""
    os.environ |= request["env"]
    sys.argv = ["prefect.engine", request["run"]]
    # The flows have imported this module; running it as a program begins anew.
    sys.modules.pop("prefect.engine", None)
    # `__main__` stays the fork server: child processes import that again, and it is light.
    runpy.run_module("prefect.engine", run_name="__main__")
