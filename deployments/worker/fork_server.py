"""The fork server: an interpreter that has imported everything a flow run needs, and forks a process for each run.

Its worker is at the other end of a socket, with one JSON object a line each way. `python -m
deployments.worker.fork_server` has it as its standard input; the embedded worker forks the server from itself.

| direction | message |
|---|---|
| to the worker, once | `{"ready": true}` |
| from the worker | `{"run": …, "env": {…}}`: fork a process for this run |
| to the worker | `{"run": …, "pid": …}`: the process exists |
| to the worker | `{"run": …, "pid": …, "status": …}`: the process has exited |

When the input ends, the server exits, and its runs with it.

Forking is safe here because nothing else runs: no Python thread, no event loop. Prefect's own settings (PREFECT_…)
are the worker's: they are read at import. While idle, the server keeps one spare process, which waits for the next
run with its browser started (`deployments.worker.forked_run`).
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.stack.child_processes import parent_death_hook
from deployments.worker.forked_run import wait_and_run
from deployments.worker.own_flows import ENTRYPOINTS
from deployments.worker.run_folders import enter_run_folder, folder_of
from tasks.core.json_logs import set_up_logs
from tasks.core.settings import load_settings

READER_MODULE = "tasks.reader_process"
"""The same as in `flows.workspace`."""
SCRAPY_MODULES = (
    *("dupefilters", "logformatter", "pqueues", "resolver", "responsetypes", "robotstxt", "squeues", "statscollectors"),
    *("core.downloader", "core.scheduler", "core.spidermw", "downloadermiddlewares.robotstxt"),
    *("downloadermiddlewares.cookies", "downloadermiddlewares.httpcompression", "downloadermiddlewares.retry"),
)
"""Modules that Scrapy imports only when a crawler is made."""
MESSAGE_BYTES = 65_536
SPARE_DELAY_S = 0.5
"""Seconds without a run until the spare is forked: its start must not slow down a run that follows at once."""


@dataclass(frozen=True)
class _RunSlot:
    """A forked process for one run."""

    pid: int
    """0 in that process itself."""
    requests: socket.socket
    """Carries the request to the process."""

    def send(self, request: dict[str, Any]) -> None:
        """Hand over the run; a process that has died is noticed by its exit."""
        with contextlib.suppress(BrokenPipeError), self.requests:
            self.requests.sendall(json.dumps(request).encode() + b"\n")


class ForkServer:
    """Forks runs on request and reports their exits."""

    def __init__(self, worker: socket.socket) -> None:
        self._worker = worker
        self._runs: dict[int, str] = {}
        """Run ids by process id."""
        self._spare: _RunSlot | None = None
        """Process that waits for the next run."""
        self._wants_spare = True
        """False after a spare was forked, until a run exits: a spare that dies at once must not be forked forever."""
        self._end_with_parent = parent_death_hook()
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.setblocking(False)

    def serve(self) -> socket.socket | None:
        """Serve until the worker closes the socket; return None then, or the request socket in a forked process."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # A signal alone would not end `select`: Python restarts it (PEP 475).
        signal.set_wakeup_fd(self._waker.fileno())
        self._send(ready=True)
        unread = b""
        with selectors.DefaultSelector() as selector:
            for each in (self._worker, self._wake):
                selector.register(each, selectors.EVENT_READ)
            while True:
                is_idle = self._wants_spare and not self._runs
                ready = [key.fileobj for key, _ in selector.select(SPARE_DELAY_S if is_idle else None)]
                if is_idle and not ready and (requests := self._fork_spare()):
                    return requests
                if self._wake in ready:
                    self._wake.recv(MESSAGE_BYTES)
                    self._report_exits()
                if self._worker not in ready:
                    continue
                if not (received := self._worker.recv(MESSAGE_BYTES)):
                    return None
                *lines, unread = (unread + received).split(b"\n")
                for line in lines:
                    if requests := self._start_run(json.loads(line)):
                        return requests

    def _fork_spare(self) -> socket.socket | None:
        """Fork the process of a later run; the request socket in that process."""
        self._wants_spare = False
        self._spare = self._fork()
        return None if self._spare.pid else self._spare.requests

    def _start_run(self, request: dict[str, Any]) -> socket.socket | None:
        slot, self._spare = self._spare or self._fork(), None
        if not slot.pid:
            return slot.requests
        self._runs[slot.pid] = request["run"]
        self._send(run=request["run"], pid=slot.pid)
        slot.send(request)
        return None

    def _fork(self) -> _RunSlot:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            return _RunSlot(pid, ours)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for inherited in (ours, self._worker, self._wake, self._waker):
            inherited.close()
        if self._end_with_parent is not None:
            self._end_with_parent()
        # Its own group: the worker passes Ctrl-C on itself, and can kill what a run leaves behind.
        os.setpgid(0, 0)
        enter_run_folder()
        return _RunSlot(0, theirs)

    def _report_exits(self) -> None:
        while self._runs or self._spare:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            if run := self._runs.pop(pid, None):
                self._wants_spare = True
                self._send(run=run, pid=pid, status=os.waitstatus_to_exitcode(status))
            else:
                self._spare = None
                shutil.rmtree(folder_of(Path(tempfile.gettempdir()), pid), ignore_errors=True)

    def _send(self, **message: Any) -> None:
        self._worker.sendall(json.dumps(message).encode() + b"\n")


def set_up() -> None:
    """Set up logs, and import everything that runs and their readers need.

    A flow that cannot be imported is reported by its run.
    """
    set_up_logs(load_settings())
    scrapy = [f"scrapy.{name}" for name in SCRAPY_MODULES]
    flows = [entrypoint.rpartition(".")[0] for entrypoint in ENTRYPOINTS]
    engine = ("prefect.engine", "prefect.flow_engine", "prefect.task_engine")
    # Modules leave next to no garbage; looking for it takes a seventh of the time.
    gc.disable()
    for module in (*engine, *flows, *scrapy, READER_MODULE):
        try:
            importlib.import_module(module)
        except ImportError as error:
            print(f"fork server: {module} cannot be imported: {error}", file=sys.stderr, flush=True)
    gc.collect()
    # A collection in a forked process would touch these objects, and so copy their memory pages.
    gc.freeze()
    gc.enable()


def serve_worker(worker: socket.socket) -> None:
    """Serve the worker at the other end; in a forked process, carry out the run."""
    with worker:
        requests = ForkServer(worker).serve()
    if requests is not None:
        wait_and_run(requests)


def main() -> None:
    """Serve the worker at the other end of the standard input."""
    set_up()
    serve_worker(socket.socket(fileno=os.dup(0)))


if __name__ == "__main__":
    main()
