"""An interpreter that has loaded everything a flow run needs, and forks a process for each run.

`python -m deployments.warm_interpreter` has a socket as its standard input. It says there that it is ready, and then
takes orders, a line of JSON each: `{"run": …, "env": {…}}`. A forked process is told as `{"run": …, "pid": …}`, its
end as `{"run": …, "pid": …, "status": …}`. When the input ends, it ends, and its runs with it.

A run's process is what `python -m prefect.engine` would be. Loading Prefect, Scrapy, Playwright and the local model
takes seconds, and forking milliseconds; what is loaded is in memory once. Forking is safe here because nothing else
runs: no thread of Python's, no event loop. Prefect's own settings (PREFECT_…) are those of the worker: they are read
while loading.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from typing import Any

from deployments.processes import ending_with_parent
from tasks.core.processes import fork_forkserver

FLOW_MODULES = ("flows.build", "flows.recrawl")
READER_MODULE = "tasks.reader_process"
"""As in `flows.workspace`."""
COMPONENTS = (
    *("dupefilters", "logformatter", "pqueues", "resolver", "responsetypes", "robotstxt", "squeues", "statscollectors"),
    *("core.downloader", "core.scheduler", "core.spidermw", "downloadermiddlewares.robotstxt"),
    *("downloadermiddlewares.cookies", "downloadermiddlewares.httpcompression", "downloadermiddlewares.retry"),
)
"""Modules of Scrapy that it loads only when a crawler is made."""
MESSAGE_BYTES = 65_536


class WarmInterpreter:
    """Forks runs as ordered, and tells how each ended."""

    def __init__(self, worker: socket.socket) -> None:
        self._worker = worker
        self._runs: dict[int, str] = {}
        """By process id."""
        self._end_with_parent = ending_with_parent()
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.setblocking(False)

    def serve(self) -> dict[str, Any] | None:
        """In the process that was forked for it, the order to carry out; in the first one, nothing, at the end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno())
        self._tell(ready=True)
        unread = b""
        with selectors.DefaultSelector() as selector:
            for each in (self._worker, self._wake):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._wake in ready:
                    self._wake.recv(MESSAGE_BYTES)
                    self._tell_ended()
                if self._worker not in ready:
                    continue
                if not (received := self._worker.recv(MESSAGE_BYTES)):
                    return None
                *lines, unread = (unread + received).split(b"\n")
                for line in lines:
                    if order := self._fork(json.loads(line)):
                        return order

    def _fork(self, order: dict[str, Any]) -> dict[str, Any] | None:
        pid = os.fork()
        if pid:
            self._runs[pid] = order["run"]
            self._tell(run=order["run"], pid=pid)
            return None
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for inherited in (self._worker, self._wake, self._waker):
            inherited.close()
        if self._end_with_parent is not None:
            self._end_with_parent()
        # Ctrl-C at the terminal is the worker's to pass on; and what a run leaves behind can be found.
        os.setpgid(0, 0)
        return order

    def _tell_ended(self) -> None:
        while self._runs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._tell(run=self._runs.pop(pid), pid=pid, status=os.waitstatus_to_exitcode(status))

    def _tell(self, **message: Any) -> None:
        self._worker.sendall(json.dumps(message).encode() + b"\n")


def preload() -> None:
    """Import what runs and their readers will need; a flow that cannot be loaded is reported by its run."""
    scrapy = [f"scrapy.{name}" for name in COMPONENTS]
    for module in ("prefect.flow_engine", "prefect.task_engine", *FLOW_MODULES, *scrapy, READER_MODULE):
        try:
            importlib.import_module(module)
        except ImportError as error:
            print(f"warm interpreter: {module} cannot be loaded: {error}", file=sys.stderr, flush=True)
    gc.collect()
    # Collecting it in a forked process would only copy its memory.
    gc.freeze()


def carry_out(order: dict[str, Any]) -> None:
    """Be the run's process."""
    # The flow and its children have nothing to read.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ |= order["env"]
    fork_forkserver()
    sys.argv = ["prefect.engine", order["run"]]
    # Loaded by the flows; run as a program it begins anew.
    sys.modules.pop("prefect.engine", None)
    # This module stays `__main__`: child processes import that again, and it is light.
    runpy.run_module("prefect.engine", run_name="__main__")


def main() -> None:
    """Serve the worker at the other end of the standard input."""
    preload()
    with socket.socket(fileno=os.dup(0)) as worker:
        order = WarmInterpreter(worker).serve()
    if order is not None:
        carry_out(order)


if __name__ == "__main__":
    main()
