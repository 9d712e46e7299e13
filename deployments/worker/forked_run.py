"""The process of a flow run: it opens the run's web, waits for the run, and carries it out.

It takes the place of `python -m prefect.engine`, which would run any code that the run's deployment names
(`deployments.worker.own_flows`). The web is opened ahead, on the event loop that the run will use, because starting a
browser takes a second.
"""

import asyncio
import json
import os
import socket
import sys
from typing import Any
from uuid import UUID

from deployments.worker.orphans import end_as_orphan
from deployments.worker.own_flows import load_own_flow
from deployments.worker.runtime_internals import fork_forkserver
from tasks.core.errors import WidgetBuilderError
from tasks.core.settings import load_settings

MAX_REQUEST_BYTES = 65_536


def wait_and_run(requests: socket.socket) -> None:
    """Wait for the run and carry it out; return without one when the other end of the socket is closed."""
    # The flow and its children have nothing to read.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    fork_forkserver()
    end_as_orphan()
    # The flows have imported this with all it needs. At the top it would load in child processes too, which import
    # this module again as part of `__main__`.
    from flows.prepared_web import close_prepared_web

    loop = asyncio.new_event_loop()
    try:
        if request := loop.run_until_complete(_wait_for_request(requests)):
            run_own_flow(request, loop)
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


def run_own_flow(request: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
    """Run the flow in this process, on this loop, as Prefect's engine would; fail the run if the flow is not ours."""
    from prefect.engine import handle_engine_signals
    from prefect.flow_engine import run_flow
    from prefect.logging.loggers import flow_run_logger

    os.environ |= request["env"]
    run_id = UUID(request["run"])
    with handle_engine_signals(run_id):
        if found := load_own_flow(run_id):
            run, flow = found
            logger: Any = flow_run_logger(run)
            running: Any = run_flow(flow, flow_run=run, error_logger=logger)
            # On the main thread: Prefect's engine handles SIGTERM there.
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(running)
