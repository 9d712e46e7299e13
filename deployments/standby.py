"""An interpreter that has loaded everything a flow run needs and waits for one.

`python -m deployments.standby` has a socket as its standard input: it says there that it is ready, reads one line,
`{"flow_run_id": …, "env": {…}}`, and then is what `python -m prefect.engine` would be. Loading Prefect, Scrapy and
Playwright takes seconds, as does starting what the flow's child processes are forked from; this way they have passed
before anybody waits. When the input ends first, it ends too.

Prefect's own settings (PREFECT_…) are those of the worker: they are read while loading.
"""

import contextlib
import importlib
import json
import os
import runpy
import socket
import sys
import threading

from tasks.core.processes import start_forkserver

CHILD_MODULE = "tasks.reader_process"
"""As in `flows.workspace`, which takes seconds to import."""
FLOW_MODULES = ("flows.build", "flows.recrawl")
COMPONENTS = (
    *("dupefilters", "logformatter", "pqueues", "resolver", "responsetypes", "robotstxt", "squeues", "statscollectors"),
    *("core.downloader", "core.scheduler", "core.spidermw", "downloadermiddlewares.robotstxt"),
    *("downloadermiddlewares.cookies", "downloadermiddlewares.httpcompression", "downloadermiddlewares.retry"),
)
"""Modules of Scrapy that it loads only when a crawler is made."""
READY = b"ready\n"
LEAST_PRIORITY = 19


def preload() -> None:
    """Import what runs will need; a flow that cannot be loaded is reported by its run."""
    scrapy = [f"scrapy.{name}" for name in COMPONENTS]
    for module in ("prefect.flow_engine", "prefect.task_engine", *FLOW_MODULES, *scrapy):
        try:
            importlib.import_module(module)
        except ImportError as error:
            print(f"standby: {module} cannot be loaded: {error}", file=sys.stderr, flush=True)


def preload_in_background() -> None:
    """The same at the least priority: a build that runs meanwhile keeps the processor.

    On Linux a priority belongs to the thread, and without privileges it cannot be raised again: so a thread of
    its own loads, and the one that will run the flow stays as it is.
    """

    def load() -> None:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)
        preload()

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()


def main() -> None:
    """Wait for a flow run and carry it out in this process."""
    preload_in_background() if "--gently" in sys.argv else preload()
    start_forkserver(CHILD_MODULE)
    with socket.socket(fileno=os.dup(0)) as worker, worker.makefile() as orders:
        worker.sendall(READY)
        line = orders.readline()
    if not line:
        return
    # The flow and its children have nothing to read.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    order = json.loads(line)
    os.environ |= order["env"]
    sys.argv = ["prefect.engine", order["flow_run_id"]]
    # This module stays `__main__`: child processes import that again, and it is light.
    runpy.run_module("prefect.engine", run_name="__main__")


if __name__ == "__main__":
    main()
