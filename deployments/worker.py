"""A Prefect worker that keeps warm interpreters: a flow run begins at once, in a process of its own.

`prefect worker start --pool widget-builder` finds it by the pool's type (entry point `prefect.collections`).
A pool of type `process` serves the same deployments, a few seconds slower each.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import Any

import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotFound
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments.processes import ending_with_parent
from deployments.standby import READY

WORKER_TYPE = "widget-builder"
STANDBYS = 1
"""Warm interpreters kept waiting."""


class WarmJobConfiguration(BaseJobConfiguration):
    """What a run's process gets: its environment."""


class WarmVariables(BaseVariables):
    """What a deployment may set: the environment."""


class WarmWorkerResult(BaseWorkerResult):
    """How the process ended."""


class WarmWorker(BaseWorker[WarmJobConfiguration, WarmVariables, WarmWorkerResult]):
    """Runs each flow run in a process that had been loaded before."""

    type = WORKER_TYPE
    job_configuration = WarmJobConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flow runs in warm processes of this machine."
    _display_name = "Widget Builder"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._standbys: list[asyncio.Task[asyncio.subprocess.Process]] = []

    async def setup(self) -> None:
        """Start the standbys beside Prefect's own preparations; return when one is ready."""
        self._replenish()
        await super().setup()
        await self._standbys[0]

    async def teardown(self, *exc_info: Any) -> None:
        """End the standbys that wait."""
        for standby in self._standbys:
            with contextlib.suppress(OSError):
                _close_input(await standby)
        await super().teardown(*exc_info)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmWorkerResult:
        """The result of the run's process; it was started before it was needed."""
        process = await self._take_standby()
        order = {"flow_run_id": str(flow_run.id), "env": configuration.env}
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        await process.stdin.drain()
        if task_status is not None:
            task_status.started(process.pid)
        status = await process.wait()
        _close_input(process)
        return WarmWorkerResult(status_code=status, identifier=str(process.pid))

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: WarmJobConfiguration, grace_seconds: int = 30
    ) -> None:
        """End the run's process: asked first, killed after the grace.

        Raises:
            InfrastructureNotFound: there is no such process on this machine.
        """
        pid = int(infrastructure_pid)
        try:
            os.kill(pid, signal.SIGTERM)
            async with asyncio.timeout(grace_seconds):
                while True:
                    os.kill(pid, 0)
                    await asyncio.sleep(0.1)
        except ProcessLookupError as error:
            raise InfrastructureNotFound(f"There is no process {pid}.") from error
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)

    async def _take_standby(self) -> asyncio.subprocess.Process:
        """A process that is ready; one that died waiting is passed over."""
        while True:
            standby = self._standbys.pop(0)
            self._replenish()
            process = await standby
            if process.returncode is None:
                return process

    def _replenish(self) -> None:
        while len(self._standbys) < STANDBYS:
            self._standbys.append(asyncio.create_task(_start_standby()))


async def _start_standby() -> asyncio.subprocess.Process:
    """A standby that has said it is ready, or has ended; what else it prints goes where ours goes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deployments.standby",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=ending_with_parent(),
    )
    assert process.stdout is not None
    while (line := await process.stdout.readline()) and line.strip() != READY.encode():
        sys.stdout.buffer.write(line)
    asyncio.get_running_loop().create_task(_forward(process.stdout))
    return process


async def _forward(output: asyncio.StreamReader) -> None:
    while data := await output.read(8_192):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _close_input(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
