"""A service of the stack: a process that is started, supervised, restarted and stopped."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import psutil

from deployments.stack.child_processes import parent_death_hook
from deployments.stack.service_log import ServiceLog
from tasks.core.errors import DependencyUnavailable

Report = Callable[[str, str, str], None]
"""Callback for each change: service, state, detail."""
Check = Callable[["Service"], Awaitable[bool]]
"""Whether the service works."""
START_TIMEOUT_S = 240.0
"""A process that ends is noticed at once; this is for one that hangs. On a busy machine a start takes two minutes."""
STOP_TIMEOUT_S = 5.0
MAX_RESTARTS = 3
RESTART_RESET_S = 60.0
"""After this long without a crash, the restart counter is reset."""
FIRST_DELAY_S = 0.5
"""Back-off before the first restart; doubled for each further one."""
LOG_LINES = 15


@dataclass
class Service:
    """One process, with its command, its readiness check and its log."""

    name: str
    command: Sequence[str]
    env: dict[str, str]
    log: ServiceLog
    is_ready: Check
    report: Report
    address: str = ""
    user: str | None = None
    """User that the process runs as; None for the current one."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """Signal from the kernel when the stack is killed: an orderly stop could wait for a service that died with it."""
    process: asyncio.subprocess.Process | None = None
    _restarts: int = 0
    _ready_since: float | None = None

    async def start(self) -> None:
        """Start the process; return when the service is ready.

        Raises:
            DependencyUnavailable: the process exited or took too long; with its last log lines.
        """
        problem = await self._try_to_start(self.address)
        if problem is not None:
            raise await self._failed(problem)

    async def supervise(self) -> None:
        """Restart the service whenever it crashes; never return.

        Raises:
            DependencyUnavailable: the service crashed too often in a row.
        """
        while True:
            assert self.process is not None
            problem: str | None = f"it ended with {_exit_text(await self.process.wait())}"
            while problem is not None:
                problem = await self._restart(problem)

    async def stop(self) -> None:
        """Stop the process and all its descendants."""
        if self.process is None:
            return
        self.report(self.name, "stopping", "")
        descendants = _descendants(self.process.pid)
        if self.process.returncode is None:
            await self._stop_process()
        await _stop_all(descendants)
        await asyncio.to_thread(self.log.drain)
        self.report(self.name, "stopped", "")

    async def _try_to_start(self, detail: str) -> str | None:
        """Start the process; return None once it is ready, else the problem."""
        loop = asyncio.get_running_loop()
        began, self._ready_since = loop.time(), None
        self.report(self.name, "starting", detail)
        process = await self._spawn()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not await self.is_ready(self):
                    if process.returncode is not None:
                        return f"it ended with {_exit_text(process.returncode)} while starting"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            await self._stop_process()
            return f"it was not ready after {START_TIMEOUT_S:g} s"
        self._ready_since = loop.time()
        self.report(self.name, "ready", f"{self.address} after {self._ready_since - began:.1f} s".strip())
        return None

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self.log.open() as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                env=dict(self.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C at the terminal must not reach the services: the stack stops them in order.
                start_new_session=True,
                preexec_fn=parent_death_hook(self.death_signal),
                # Databases, logs, stored results: what a service creates is for its user alone.
                umask=0o077,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )
        return self.process

    async def _restart(self, problem: str) -> str | None:
        """Restart the process; return None once it is ready, else the problem."""
        assert self.process is not None
        await _stop_all(_descendants(self.process.pid))
        now = asyncio.get_running_loop().time()
        if self._ready_since is not None and now - self._ready_since >= RESTART_RESET_S:
            self._restarts = 0
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise await self._failed(f"it failed {self._restarts} times in a row; the last time {problem}")
        self.report(self.name, "starting", f"again: {problem}")
        await asyncio.sleep(FIRST_DELAY_S * 2 ** (self._restarts - 1))
        return await self._try_to_start(f"again: {problem}")

    async def _stop_process(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def _failed(self, problem: str) -> DependencyUnavailable:
        self.report(self.name, "failed", problem)
        await asyncio.to_thread(self.log.drain)
        lines = self.log.read().splitlines()[-LOG_LINES:]
        return DependencyUnavailable(self.name, "\n".join([problem, *lines]), f"its log is {self.log.path}")


def _descendants(pid: int) -> list[psutil.Process]:
    """Find the descendants of a process, and the other processes of its session."""
    found: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        found = {child.pid: child for child in psutil.Process(pid).children(recursive=True)}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if process.pid != pid and os.getsid(process.pid) == pid:
                found[process.pid] = process
    return list(found.values())


async def _stop_all(processes: list[psutil.Process]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        alive = [process for process in processes if _is_alive(process)]
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        await asyncio.to_thread(psutil.wait_procs, alive, 2)


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _exit_text(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
