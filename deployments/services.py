"""A service of the stack: a process that is started, watched, started again, and ended."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deployments.processes import ending_with_parent
from tasks.core.errors import DependencyUnavailable

Report = Callable[[str, str, str], None]
"""Told of each change: service, state, detail."""
Check = Callable[[], Awaitable[bool]]
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 8.0
MOST_RESTARTS = 3
RESTART_WINDOW_S = 60.0
LOG_LINES = 15


@dataclass
class Service:
    """One process and how to tell that it works."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    is_ready: Check
    report: Report
    address: str = ""
    process: asyncio.subprocess.Process | None = None
    _deaths: deque[float] = field(default_factory=deque)

    async def start(self) -> None:
        """Return when the service works.

        Raises:
            DependencyUnavailable: it ended instead, or took too long; with its last log lines.
        """
        began = asyncio.get_running_loop().time()
        self.report(self.name, "starting", self.address)
        await self._spawn()
        assert self.process is not None
        ended = asyncio.create_task(self.process.wait())
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not await self.is_ready():
                    if ended.done():
                        raise self._died("it ended while starting")
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise self._died(f"it was not ready after {START_TIMEOUT_S:g} s") from error
        finally:
            ended.cancel()
        seconds = asyncio.get_running_loop().time() - began
        self.report(self.name, "ready", f"{self.address} after {seconds:.1f} s".strip())

    async def _spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                env=dict(self.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C at the terminal is ours to pass on, in order.
                start_new_session=True,
                preexec_fn=ending_with_parent(),
            )

    async def keep_up(self) -> None:
        """Start the service again whenever it dies; never return.

        Raises:
            DependencyUnavailable: it died for good.
        """
        loop = asyncio.get_running_loop()
        while True:
            assert self.process is not None
            status = await self.process.wait()
            self._deaths.append(loop.time())
            while self._deaths[0] < loop.time() - RESTART_WINDOW_S:
                self._deaths.popleft()
            if len(self._deaths) > MOST_RESTARTS:
                raise self._died(f"it ended {len(self._deaths)} times within a minute, at last with {_say(status)}")
            self.report(self.name, "starting", f"again: it ended with {_say(status)}")
            await asyncio.sleep(0.5 * 2 ** len(self._deaths))
            await self.start()

    def _died(self, problem: str) -> DependencyUnavailable:
        self.report(self.name, "failed", problem)
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:] if self.log.exists() else []
        return DependencyUnavailable(self.name, "\n".join([problem, *lines]), f"its log is {self.log}")

    async def stop(self) -> None:
        """End the process and all it has started."""
        if self.process is None:
            return
        self.report(self.name, "stopping", "")
        family = _family(self.process.pid)
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        await _end_all(family)
        self.report(self.name, "stopped", "")


def _family(pid: int) -> list[psutil.Process]:
    """The descendants of a process, and whoever is left of its session."""
    found: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        found = {child.pid: child for child in psutil.Process(pid).children(recursive=True)}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if process.pid != pid and os.getsid(process.pid) == pid:
                found[process.pid] = process
    return list(found.values())


async def _end_all(processes: list[psutil.Process]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        alive = [process for process in processes if process.is_running()]
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
        await asyncio.to_thread(psutil.wait_procs, alive, 2)


def _say(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
