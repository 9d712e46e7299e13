"""The process of a flow run: forked before or when the run is due, made ready, and told what to carry out.

Being ready means that the web is open, on the event loop that the run will use: starting a browser takes a second,
and whoever waits for a widget would wait for it. It is what `python -m prefect.engine` would be otherwise.
"""

import asyncio
import json
import os
import runpy
import socket
import sys
import threading
from typing import Any

from tasks.core.errors import WidgetBuilderError
from tasks.core.processes import fork_forkserver
from tasks.core.settings import load_settings

ORDER_BYTES = 65_536


class _SameLoop(asyncio.DefaultEventLoopPolicy):
    """Has the main thread go on with a loop that is there, where a new one is asked for (`asyncio.run`)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        if threading.current_thread() is threading.main_thread() and not self._loop.is_closed():
            return self._loop
        return super().new_event_loop()


def be_run(orders: socket.socket) -> None:
    """Get ready, wait for the run, carry it out; end if whoever would tell it is gone."""
    # The flow and its children have nothing to read.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    fork_forkserver()
    # Loaded by the flows with all they need; not here, where child processes load this again.
    from flows.opened_web import close_ahead

    loop = asyncio.new_event_loop()
    try:
        if order := loop.run_until_complete(_wait_for_order(orders)):
            asyncio.set_event_loop_policy(_SameLoop(loop))
            carry_out(order)
    finally:
        if not loop.is_closed():
            loop.run_until_complete(close_ahead())
            loop.close()


async def _wait_for_order(orders: socket.socket) -> dict[str, Any] | None:
    from flows.opened_web import open_ahead

    try:
        await open_ahead(load_settings())
    except WidgetBuilderError as error:
        # The run meets it again, and tells its build.
        print(f"the web could not be opened ahead: {error.message}", file=sys.stderr, flush=True)
    orders.setblocking(False)
    told = b""
    with orders:
        while not told.endswith(b"\n"):
            if not (received := await asyncio.get_running_loop().sock_recv(orders, ORDER_BYTES)):
                return None
            told += received
    order: dict[str, Any] = json.loads(told)
    return order


def carry_out(order: dict[str, Any]) -> None:
    """Be the run's process."""
    os.environ |= order["env"]
    sys.argv = ["prefect.engine", order["run"]]
    # Loaded by the flows; run as a program it begins anew.
    sys.modules.pop("prefect.engine", None)
    # The warm interpreter stays `__main__`: child processes import that again, and it is light.
    runpy.run_module("prefect.engine", run_name="__main__")
