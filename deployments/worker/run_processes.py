"""Processes of flow runs, forked from the fork server (`deployments.worker.fork_server`), as the worker sees them."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from typing import Any

from deployments.stack.child_processes import ending_with_parent

logger = logging.getLogger("widget_builder.worker")

START_ATTEMPTS = 3
"""Interpreters that may die before a run has begun, until the run is given up."""
END_S = 2.0
"""What an idle interpreter has to end."""


class RunProcess:
    """The process of one flow run."""

    def __init__(self, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid = pid
        self._ended = ended

    async def wait(self) -> int:
        """Its exit status once it has ended; negative: the signal that ended it."""
        return await asyncio.shield(self._ended)

    async def end(self, grace_s: float) -> None:
        """End it, asked first, and whatever of its group is left."""
        if not self._ended.done():
            _signal(self.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(grace_s):
                    await self.wait()
            except TimeoutError:
                _signal(self.pid, signal.SIGKILL)
                await self.wait()
        _kill_group(self.pid)


class ForkServerClient:
    """The interpreter that runs are forked from; one that has died is replaced when a run needs it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._starting = asyncio.Lock()
        self._asked: dict[str, asyncio.Future[RunProcess]] = {}
        """Runs that are not forked yet."""
        self._ended: dict[int, asyncio.Future[int]] = {}
        """By process id, the status to come."""

    async def start(self) -> bool:
        """Whether it is ready; its output is the worker's."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None or self._has_closed:
                await self._start()
            return self._ready.is_set()

    async def fork(self, run_id: str, env: dict[str, str | None]) -> RunProcess:
        """A new process that carries out the run.

        Raises:
            RuntimeError: none could be started.
        """
        for _ in range(START_ATTEMPTS):
            if not await self.start():
                continue
            assert self._writer is not None
            asked: asyncio.Future[RunProcess] = asyncio.get_running_loop().create_future()
            self._asked[run_id] = asked
            self._writer.write(json.dumps({"run": run_id, "env": env}).encode() + b"\n")
            try:
                return await asked
            except ConnectionError:
                logger.warning("the interpreter that runs are forked from has died; another is started")
            finally:
                self._asked.pop(run_id, None)
        raise RuntimeError("no process could be started for the run; the worker's output says why")

    async def close(self) -> None:
        """End it, and with it whatever it has forked."""
        if self._writer is not None:
            self._writer.close()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._process.wait()
        self._kill()
        if self._listening is not None:
            await self._listening

    @property
    def _has_closed(self) -> bool:
        return self._listening is None or self._listening.done()

    async def _start(self) -> None:
        self._kill()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "deployments.worker.fork_server"),
                stdin=theirs.fileno(),
                process_group=0,
                preexec_fn=ending_with_parent(),
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._ready.clear()
        self._listening = asyncio.create_task(self._listen(reader))
        waiting = asyncio.create_task(self._ready.wait())
        await asyncio.wait({waiting, self._listening}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Take in what it says, until it is gone."""
        assert self._writer is not None
        with contextlib.suppress(ConnectionError), contextlib.closing(self._writer):
            while line := await reader.readline():
                self._take_in(json.loads(line))
        self._kill()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionError("the interpreter died"))
        for pid, ended in self._ended.items():
            # The kernel has asked it to end; nobody could tell when it has.
            _kill_group(pid)
            ended.set_result(-signal.SIGKILL)
        self._ended.clear()

    def _take_in(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready.set()
        elif "status" in message:
            self._ended.pop(message["pid"]).set_result(message["status"])
        else:
            ended = self._ended[message["pid"]] = asyncio.get_running_loop().create_future()
            asked = self._asked.get(message["run"])
            if asked is not None and not asked.done():
                asked.set_result(RunProcess(message["pid"], ended))
            else:
                # Whoever wanted it has been cancelled.
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
