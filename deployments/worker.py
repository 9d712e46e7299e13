"""A Prefect worker that keeps warm interpreters: a flow run begins at once, in a process of its own.

`prefect worker start --pool widget-builder` finds it by the pool's type (entry point `prefect.collections`).
`prefect worker start --pool … --type process` serves the same deployments from a pool of Prefect's own type; each
run then begins some seconds later.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import InfrastructureNotFound
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments.processes import ending_with_parent
from deployments.standby import READY

WORKER_TYPE = "widget-builder"
STANDBYS = 2
"""Warm interpreters kept waiting; while a run is under way one is enough, for starting another takes from the run …"""
SPARED_S = 2.0
"""… most of all in its first seconds."""
KEEP_EVERY_S = 0.5
START_ATTEMPTS = 3
"""Standbys that may die before a run, until the run is given up."""
GRACE_S = 4.0
"""What a run's process has to say farewell when the worker is stopped."""
BUSY_QUERY_S = 1.0
"""While a run is under way the worker looks for further ones this often: each look costs the server time that the
run could use."""


class WarmJobConfiguration(BaseJobConfiguration):
    """What a run's process gets: its environment."""


class WarmVariables(BaseVariables):
    """What a deployment may set: the environment, Prefect's own settings excepted."""


class WarmWorkerResult(BaseWorkerResult):
    """How the process ended."""


@dataclass(frozen=True)
class Standby:
    """A warm process and the way to tell it what to run."""

    process: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    is_ready: bool

    async def give(self, order: dict[str, Any]) -> bool:
        """Whether the process has taken the order; it may have died while it waited."""
        if not self.is_ready or self.process.returncode is not None:
            return False
        try:
            self.writer.write(json.dumps(order).encode() + b"\n")
            await self.writer.drain()
        except ConnectionError:
            return False
        return True


class WarmWorker(BaseWorker[WarmJobConfiguration, WarmVariables, WarmWorkerResult]):
    """Runs each flow run in a process that had been loaded before."""

    type = WORKER_TYPE
    job_configuration = WarmJobConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flow runs in warm processes of this machine."
    _display_name = "Widget Builder"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._standbys: list[asyncio.Task[Standby]] = []
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._looked_at = -BUSY_QUERY_S
        self._taken_at = -SPARED_S
        self._keeper: asyncio.Task[None] | None = None

    async def setup(self) -> None:
        """Report to the server once a standby is ready: whoever is online begins runs at once."""
        self._standbys.append(asyncio.create_task(_start_standby()))
        await asyncio.wait(self._standbys)
        self._keeper = asyncio.create_task(self._keep_standbys())
        await super().setup()

    async def teardown(self, *exc_info: Any) -> None:
        """End the runs and the standbys that wait."""
        if self._keeper is not None:
            self._keeper.cancel()
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                for task in self._standbys:
                    task.cancel()
                for standby in await asyncio.gather(*self._standbys, return_exceptions=True):
                    if isinstance(standby, Standby):
                        standby.writer.close()
                        await _end(standby.process, GRACE_S)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Look for runs that are due and begin them; not at every call while there is work already."""
        now = asyncio.get_running_loop().time()
        if self._running and now < self._looked_at + BUSY_QUERY_S:
            return []
        self._looked_at = now
        return await super().get_and_submit_flow_runs()

    async def _submit_scheduled_flow_runs(self, flow_run_response: list[WorkerFlowRunResponse]) -> list[FlowRun]:
        """Begin runs. One that is to run again while its process is still here gets rid of that first: Prefect's
        worker (3.8.8) would end with an error.
        """
        # A place is taken a moment longer than the process lives.
        busy = set(self._limiter.statistics().borrowers) if self._limiter else set()
        free = []
        for entry in flow_run_response:
            if process := self._running.get(str(entry.flow_run.id)):
                await _end(process, 0)
            elif entry.flow_run.id not in busy:
                free.append(entry)
        return await super()._submit_scheduled_flow_runs(free)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmWorkerResult:
        """How the run's process ended; it was started before it was needed.

        Raises:
            RuntimeError: no process could be started.
        """
        process = await self._hand_over(flow_run, configuration)
        self._running[str(flow_run.id)] = process
        try:
            if task_status is not None:
                task_status.started(process.pid)
            status = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await _end(process, GRACE_S)
            del self._running[str(flow_run.id)]
        return WarmWorkerResult(status_code=status, identifier=str(process.pid))

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: WarmJobConfiguration, grace_seconds: int = 30
    ) -> None:
        """End the run's process: asked first, killed after the grace.

        Raises:
            InfrastructureNotFound: this worker does not run it (pids of other machines say nothing here).
        """
        process = self._running.get(configuration.env.get("PREFECT__FLOW_RUN_ID") or "")
        if process is None or str(process.pid) != infrastructure_pid:
            raise InfrastructureNotFound(f"This worker has no process {infrastructure_pid} for the run.")
        await _end(process, grace_seconds)

    async def _hand_over(self, flow_run: FlowRun, configuration: WarmJobConfiguration) -> asyncio.subprocess.Process:
        """The process that has taken the run."""
        order = {"flow_run_id": str(flow_run.id), "env": configuration.env}
        for _ in range(START_ATTEMPTS):
            task = self._standbys.pop(0) if self._standbys else asyncio.create_task(_start_standby())
            self._taken_at = asyncio.get_running_loop().time()
            standby = await task
            if await standby.give(order):
                standby.writer.close()
                return standby.process
        raise RuntimeError("no process could be started for the run; the worker's output says why")

    async def _keep_standbys(self) -> None:
        """Start what is missing, one at a time, and not in a run's first seconds."""
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            is_spared = asyncio.get_running_loop().time() < self._taken_at + SPARED_S
            if not is_spared and len(self._standbys) < (1 if self._running else STANDBYS):
                standby = asyncio.create_task(_start_standby(gently=True))
                self._standbys.append(standby)
                await asyncio.wait([standby])


async def _start_standby(*, gently: bool = False) -> Standby:
    """A standby that has said it is ready, or has ended; its output is the worker's."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deployments.standby", *(["--gently"] if gently else [])),
            stdin=theirs.fileno(),
            # Ctrl-C at the terminal is the worker's to pass on; and what a run leaves behind can be found.
            process_group=0,
            preexec_fn=ending_with_parent(),
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        return Standby(process, writer, is_ready=await reader.readline() == READY)
    except ConnectionError:
        return Standby(process, writer, is_ready=False)
    except asyncio.CancelledError:
        await _end(process, 0)
        raise


async def _end(process: asyncio.subprocess.Process, grace_s: float) -> None:
    """End a process, asked first, and whatever of its group is left."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
