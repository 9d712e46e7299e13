"""A Prefect worker that keeps an interpreter warm: a flow run begins at once, in a process of its own.

`prefect worker start --pool widget-builder` finds it by the pool's type (entry point `prefect.collections`).
`prefect worker start --pool … --type process` serves the same deployments from a pool of Prefect's own type; each
run then begins some seconds later.
"""

import asyncio
import logging
from typing import Any

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import InfrastructureNotFound
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from api.builds.prefect_runs import PREFECT_ERRORS
from deployments.worker.run_processes import ForkServerClient, RunProcess
from tasks.core.database import CONNECTION_ERRORS
from tasks.core.settings import load_settings
from tasks.records.run_notices import listen_for_runs

logger = logging.getLogger("widget_builder.worker")

WORKER_TYPE = "widget-builder"
GRACE_S = 4.0
"""What a run's process has to say farewell when the worker is stopped."""
RECONNECT_S = 5.0
"""Until notices of new runs are listened for again; meanwhile polling finds them."""


class WarmJobConfiguration(BaseJobConfiguration):
    """What a run's process gets: its environment."""


class WarmVariables(BaseVariables):
    """What a deployment may set: the environment, Prefect's own settings excepted."""


class WarmWorkerResult(BaseWorkerResult):
    """How the process ended."""


class WarmWorker(BaseWorker[WarmJobConfiguration, WarmVariables, WarmWorkerResult]):
    """Runs each flow run in a process forked from one that has loaded everything."""

    type = WORKER_TYPE
    job_configuration = WarmJobConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flow runs in warm processes of this machine."
    _display_name = "Widget Builder"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._interpreter = ForkServerClient()
        self._running: dict[str, RunProcess] = {}
        self._looking = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    async def setup(self) -> None:
        """Report to the server once the interpreter is warm: whoever is online begins runs at once."""
        await self._interpreter.start()
        await super().setup()
        self._listening = asyncio.create_task(self._listen_for_runs())

    async def teardown(self, *exc_info: Any) -> None:
        """End the runs, and what they are forked from."""
        if self._listening is not None:
            self._listening.cancel()
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                await self._interpreter.close()

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Look for runs that are due and begin them."""
        async with self._looking:
            return await super().get_and_submit_flow_runs()

    async def _listen_for_runs(self) -> None:
        """Look at once when the API says that it has started a run, and not only at the next poll."""
        settings = load_settings()
        if settings.database_url is None:
            return
        while True:
            try:
                async for _ in listen_for_runs(settings.database_url.get_secret_value()):
                    await self.get_and_submit_flow_runs()
            except (*CONNECTION_ERRORS, *PREFECT_ERRORS) as error:
                logger.info("runs are found by polling alone: %s", error)
            await asyncio.sleep(RECONNECT_S)

    async def _submit_scheduled_flow_runs(self, flow_run_response: list[WorkerFlowRunResponse]) -> list[FlowRun]:
        """Begin runs. One that is to run again while its process is still here gets rid of that first: Prefect's
        worker (3.8.8) would end with an error.
        """
        # A place is taken a moment longer than the process lives.
        busy = set(self._limiter.statistics().borrowers) if self._limiter else set()
        free = []
        for entry in flow_run_response:
            if process := self._running.get(str(entry.flow_run.id)):
                await process.end(0)
            elif entry.flow_run.id not in busy:
                free.append(entry)
        return await super()._submit_scheduled_flow_runs(free)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmWorkerResult:
        """How the run's process ended.

        Raises:
            RuntimeError: no process could be started.
        """
        process = await self._interpreter.fork(str(flow_run.id), configuration.env)
        self._running[str(flow_run.id)] = process
        try:
            if task_status is not None:
                task_status.started(process.pid)
            status = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await process.end(GRACE_S)
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
        await process.end(grace_seconds)
