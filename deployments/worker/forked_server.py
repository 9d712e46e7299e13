"""A fork server that is forked from the worker's own process, which has imported all that runs need."""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from pathlib import Path

from deployments.stack.child_processes import parent_death_hook
from deployments.worker.fork_server import serve_worker, set_up
from deployments.worker.run_folders import make_worker_folder

POLL_S = 0.05


class ForkedServer:
    """A child process with the part of `asyncio.subprocess.Process` that its client uses."""

    def __init__(self, pid: int, connection: socket.socket, folder: Path) -> None:
        """`connection`: to the server; `folder`: for the temporary files of the server and its runs."""
        self.pid = pid
        self.connection = connection
        self.folder = folder
        self._status: int | None = None

    @property
    def returncode(self) -> int | None:
        """Exit status, negative for the signal that ended the process; None while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    async def wait(self) -> int:
        """Wait for its exit."""
        while (status := self.returncode) is None:
            await asyncio.sleep(POLL_S)
        return status

    def kill(self) -> None:
        """Send SIGKILL, unless the process has exited."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def fork_server() -> ForkedServer | None:
    """Import what runs need, and fork the server; return None in a run's process, once its run has ended.

    Call this before there is any thread or event loop.
    """
    set_up()
    folder, end_with_parent = make_worker_folder(), parent_death_hook(signal.SIGKILL)
    ours, theirs = socket.socketpair()
    if pid := os.fork():
        theirs.close()
        return ForkedServer(pid, ours, folder)
    ours.close()
    if end_with_parent is not None:
        end_with_parent()
    # Its own group, as that of a server started by itself: Ctrl-C is for the worker.
    os.setpgid(0, 0)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    serve_worker(theirs)
    return None
