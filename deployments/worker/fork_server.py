"""An interpreter that has loaded everything a flow run needs, and forks a process for each run.

`python -m deployments.worker.fork_server` has a socket as its standard input. It says there that it is ready, and
then takes orders, a line of JSON each: `{"run": …, "env": {…}}`. A run's process is told as `{"run": …, "pid": …}`, its
end as `{"run": …, "pid": …, "status": …}`. When the input ends, it ends, and its runs with it.

Loading Prefect, Scrapy, Playwright and the local model takes seconds, and forking milliseconds; what is loaded is in
memory once. Forking is safe here because nothing else runs: no thread of Python's, no event loop. Prefect's own
settings (PREFECT_…) are those of the worker: they are read while loading. While nothing is to be done, one process
waits for the next run with its browser started (`deployments.worker.forked_run`).
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

from deployments.stack.child_processes import ending_with_parent
from deployments.worker.forked_run import be_run

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
IDLE_S = 0.5
"""After the last run: what comes at once is not kept waiting by a process that only gets ready."""


@dataclass(frozen=True)
class _Forked:
    """A process that carries out one run."""

    pid: int
    """0 in that process itself."""
    orders: socket.socket
    """Where the run is told."""

    def take(self, order: dict[str, Any]) -> None:
        """Have it carry out the run; should it have died, that is known from its end."""
        with contextlib.suppress(BrokenPipeError), self.orders:
            self.orders.sendall(json.dumps(order).encode() + b"\n")


class ForkServer:
    """Forks runs as ordered, and tells how each ended."""

    def __init__(self, worker: socket.socket) -> None:
        self._worker = worker
        self._runs: dict[int, str] = {}
        """By process id."""
        self._spare: _Forked | None = None
        """Waits for the next run."""
        self._wants_spare = True
        """One that died by itself is not replaced before a run has shown that they live."""
        self._end_with_parent = ending_with_parent()
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.setblocking(False)

    def serve(self) -> socket.socket | None:
        """In a process that was forked, where its run is told; in the first one, nothing, at the end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno())
        self._tell(ready=True)
        unread = b""
        with selectors.DefaultSelector() as selector:
            for each in (self._worker, self._wake):
                selector.register(each, selectors.EVENT_READ)
            while True:
                is_idle = self._wants_spare and not self._runs
                ready = [key.fileobj for key, _ in selector.select(IDLE_S if is_idle else None)]
                if is_idle and not ready and (orders := self._prepare()):
                    return orders
                if self._wake in ready:
                    self._wake.recv(MESSAGE_BYTES)
                    self._tell_ended()
                if self._worker not in ready:
                    continue
                if not (received := self._worker.recv(MESSAGE_BYTES)):
                    return None
                *lines, unread = (unread + received).split(b"\n")
                for line in lines:
                    if orders := self._begin(json.loads(line)):
                        return orders

    def _prepare(self) -> socket.socket | None:
        """Fork the process of a run that is to come."""
        self._wants_spare = False
        self._spare = self._fork()
        return None if self._spare.pid else self._spare.orders

    def _begin(self, order: dict[str, Any]) -> socket.socket | None:
        forked, self._spare = self._spare or self._fork(), None
        if not forked.pid:
            return forked.orders
        self._runs[forked.pid] = order["run"]
        self._tell(run=order["run"], pid=forked.pid)
        forked.take(order)
        return None

    def _fork(self) -> _Forked:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            return _Forked(pid, ours)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for inherited in (ours, self._worker, self._wake, self._waker):
            inherited.close()
        if self._end_with_parent is not None:
            self._end_with_parent()
        # Ctrl-C at the terminal is the worker's to pass on; and what a run leaves behind can be found.
        os.setpgid(0, 0)
        return _Forked(0, theirs)

    def _tell_ended(self) -> None:
        while self._runs or self._spare:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            if run := self._runs.pop(pid, None):
                self._wants_spare = True
                self._tell(run=run, pid=pid, status=os.waitstatus_to_exitcode(status))
            else:
                self._spare = None

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


def main() -> None:
    """Serve the worker at the other end of the standard input."""
    preload()
    with socket.socket(fileno=os.dup(0)) as worker:
        orders = ForkServer(worker).serve()
    if orders is not None:
        be_run(orders)


if __name__ == "__main__":
    main()
