"""The worker's side of the fork server: processes of flow runs, started, awaited and ended."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from deployments.stack.child_processes import parent_death_hook
from deployments.worker.forked_server import ForkedServer
from deployments.worker.run_folders import figures_file, folder_of, make_worker_folder, remove_folder

logger = logging.getLogger("widget_builder.worker")

START_ATTEMPTS = 3
"""Fork servers that may die before the run has started, until the run is given up."""
EXIT_TIMEOUT_S = 2.0
"""Seconds the fork server gets to exit."""


class RunProcess:
    """The process of one flow run."""

    def __init__(self, pid: int, exit_status: asyncio.Future[int], folder: Path) -> None:
        """`folder`: that of its temporary files."""
        self.pid = pid
        self.figures = figures_file(folder)
        """File with the run's figures."""
        self.is_replaced = False
        """Whether it was ended because its run is to start again."""
        self._exit_status = exit_status
        self._folder = folder

    async def wait(self) -> int:
        """Wait for its exit; return the status, negative for the signal that ended it."""
        return await asyncio.shield(self._exit_status)

    async def end(self, grace_s: float) -> None:
        """Send SIGTERM, after the grace period SIGKILL; then kill the rest of its group, and remove its folder."""
        if not self._exit_status.done():
            _signal(self.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(grace_s):
                    await self.wait()
            except TimeoutError:
                _signal(self.pid, signal.SIGKILL)
                await self.wait()
        _kill_group(self.pid)
        await remove_folder(self._folder)


class ForkServerClient:
    """A fork server and the connection to it; a server that has died is replaced when the next run needs it."""

    def __init__(self, forked: ForkedServer | None = None) -> None:
        """`forked`: the first server, if there is one already."""
        self._forked = forked
        self._process: asyncio.subprocess.Process | ForkedServer | None = None
        self._folder: Path | None = None
        """Folder of all temporary files of the server and its processes."""
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._starting = asyncio.Lock()
        self._requested: dict[str, asyncio.Future[RunProcess]] = {}
        """Runs that are not forked yet, by run id."""
        self._exit_statuses: dict[int, asyncio.Future[int]] = {}
        """Exit statuses of running processes, by process id."""

    async def start(self) -> bool:
        """Start the server unless it runs; return whether it is ready. Its output is the worker's."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None or self._is_disconnected:
                await self._start()
            return self._ready.is_set()

    async def fork(self, run_id: str, env: dict[str, str | None]) -> RunProcess:
        """Fork a process that carries out the run.

        Raises:
            RuntimeError: no fork server could be started.
        """
        for _ in range(START_ATTEMPTS):
            if not await self.start():
                continue
            assert self._writer is not None
            requested: asyncio.Future[RunProcess] = asyncio.get_running_loop().create_future()
            self._requested[run_id] = requested
            self._writer.write(json.dumps({"run": run_id, "env": env}).encode() + b"\n")
            try:
                return await requested
            except ConnectionError:
                logger.warning("the fork server has died before the run was started; starting another")
            finally:
                self._requested.pop(run_id, None)
        raise RuntimeError("no process could be started for the run; see the worker's output for the cause")

    async def close(self) -> None:
        """Stop the server, and with it the processes it has forked."""
        if self._writer is not None:
            self._writer.close()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EXIT_TIMEOUT_S):
                    await self._process.wait()
        self._kill()
        if self._reading is not None:
            await self._reading
        if self._folder is not None:
            await remove_folder(self._folder)
            self._folder = None

    @property
    def _is_disconnected(self) -> bool:
        return self._reading is None or self._reading.done()

    async def _start(self) -> None:
        self._kill()
        ours = await self._spawn() if self._forked is None else self._adopt(self._forked)
        self._forked = None
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._ready.clear()
        self._reading = asyncio.create_task(self._read_messages(reader))
        waiting = asyncio.create_task(self._ready.wait())
        await asyncio.wait({waiting, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _spawn(self) -> socket.socket:
        """Start a server in an interpreter of its own; return the connection to it."""
        if self._folder is None:
            self._folder = await asyncio.to_thread(make_worker_folder)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "deployments.worker.fork_server"),
                env={**os.environ, "TMPDIR": str(self._folder)},
                stdin=theirs.fileno(),
                process_group=0,
                preexec_fn=parent_death_hook(signal.SIGKILL),
            )
        return ours

    def _adopt(self, forked: ForkedServer) -> socket.socket:
        self._process, self._folder = forked, forked.folder
        return forked.connection

    async def _read_messages(self, reader: asyncio.StreamReader) -> None:
        """Handle the server's messages until it closes the connection; then fail all that waits for it."""
        assert self._writer is not None
        with contextlib.suppress(ConnectionError), contextlib.closing(self._writer):
            while line := await reader.readline():
                self._handle_message(json.loads(line))
        self._kill()
        for requested in self._requested.values():
            if not requested.done():
                requested.set_exception(ConnectionError("the fork server has died"))
        for pid, exit_status in self._exit_statuses.items():
            # The kernel has sent them SIGTERM; without their parent nobody learns when they exit.
            _kill_group(pid)
            exit_status.set_result(-signal.SIGKILL)
        self._exit_statuses.clear()

    def _handle_message(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready.set()
        elif "status" in message:
            self._exit_statuses.pop(message["pid"]).set_result(message["status"])
        else:
            exit_status = self._exit_statuses[message["pid"]] = asyncio.get_running_loop().create_future()
            requested = self._requested.get(message["run"])
            if requested is not None and not requested.done():
                assert self._folder is not None
                folder = folder_of(self._folder, message["pid"])
                requested.set_result(RunProcess(message["pid"], exit_status, folder))
            else:
                # The caller was cancelled before the process existed.
                _signal(message["pid"], signal.SIGTERM)

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
