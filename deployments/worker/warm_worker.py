"""A Prefect worker that forks each flow run from a fork server: a run starts at once, in a process of its own.

`prefect worker start --pool widget-builder` finds it by the pool's type (entry point `prefect.collections`).
`prefect worker start --pool … --type process` serves the same deployments from a pool of Prefect's own type.

The seconds it saves, measured in November 2026 with Prefect 3.8.8 on 2 cores. The last row is the processes alone,
the others the whole start of a run, Prefect's polling and state changes included:

| start of | machine | this worker | otherwise |
|---|---|---|---|
| a run | busy | 1.3–3.3 s | 14–15 s, Prefect's process worker |
| a run | idle | 0.4 s | 6.6–10 s from `run_deployment` to Running, Prefect's process worker |
| a process with all imports | load average 8 | 16–36 ms, 0.6 ms if a spare waits | 7–9 s, a new interpreter |

The parts, from outside in: `warm_worker` (Prefect's view), `run_processes` (the worker's side of the fork server),
`fork_server` (forks), `forked_run` (the run's process), `own_flows` (the only flows it runs), and `runtime_internals`
(what they need of Python's and Prefect's internals). `embedded_worker` starts the same worker for the embedded stack,
with a fork server of `forked_server`. `flows.prepared_web` holds the browser that a waiting process has started: flows
may not import from here.

Two overrides use private parts of Prefect 3.8.8: `_submit_scheduled_flow_runs` and the worker's `_limiter`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
from prefect.client.schemas.objects import Flow as APIFlow
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse, WorkerFlowRunResponse
from prefect.exceptions import InfrastructureNotFound
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult
from psycopg import Error as DatabaseError
from pydantic import PrivateAttr

from api.builds.prefect_runs import PREFECT_ERRORS
from deployments.worker.ended_builds import LOOK_TIMEOUT_S, POLL_S, EndedBuilds
from deployments.worker.forked_server import ForkedServer
from deployments.worker.own_flows import RECRAWL
from deployments.worker.run_processes import ForkServerClient, RunProcess
from deployments.worker.worker_metrics import WorkerMetrics, serve_metrics
from tasks.core.database import CONNECTION_ERRORS
from tasks.core.json_logs import set_up_logs
from tasks.core.settings import load_settings
from tasks.records.run_notices import listen_for_runs

logger = logging.getLogger("widget_builder.worker")

WORKER_TYPE = "widget-builder"
WORK_POOL = "widget-builder"
GRACE_S = 4.0
"""Seconds a run's process gets to exit after SIGTERM."""
RECONNECT_S = 5.0
"""Pause before listening for notices of new runs again; meanwhile polling finds the runs."""


class WarmJobConfiguration(BaseJobConfiguration):
    """Configuration of a run's process: its environment, in which a deployment has no say.

    `LD_PRELOAD`, `WIDGET_BUILDER_BROWSER_PATH` or `OPENAI_BASE_URL` would run its code or send it our key.
    """

    _waits_for_runs: bool = PrivateAttr(default=False)
    """Whether the run's work is done by other runs."""

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: APIFlow | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Set the variables that identify the run; its settings are those of the worker's own environment."""
        self._waits_for_runs = flow is not None and flow.name == RECRAWL
        if self.env:
            logger.warning("environment variables of a deployment are ignored: %s", ", ".join(sorted(self.env)))
        self.env = {}
        super().prepare_for_flow_run(flow_run, deployment, flow, *args, **kwargs)
        self.env = {name: value for name, value in self.env.items() if name.startswith("PREFECT__")}


class WarmVariables(BaseVariables):
    """Variables that a deployment may set; none of them reaches a run's process."""


class WarmWorkerResult(BaseWorkerResult):
    """Exit status and pid of a run's process."""


class WarmWorker(BaseWorker[WarmJobConfiguration, WarmVariables, WarmWorkerResult]):
    """Runs each flow run in a process forked from the fork server."""

    type = WORKER_TYPE
    job_configuration = WarmJobConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flow runs in warm processes of this machine."
    _display_name = "Widget Builder"

    def __init__(self, *args: Any, forked: ForkedServer | None = None, **kwargs: Any) -> None:
        """`forked`: a fork server that is there already."""
        set_up_logs(load_settings())
        super().__init__(*args, **kwargs)
        self._fork_server = ForkServerClient(forked)
        self._metrics = WorkerMetrics()
        self._running: dict[str, RunProcess] = {}
        self._polling_lock = asyncio.Lock()
        self._background: list[asyncio.Task[None]] = []

    async def setup(self) -> None:
        """Register with the server once the fork server is ready: a worker shown as online starts runs at once."""
        serve_metrics(load_settings(), self._metrics)
        await self._fork_server.start()
        await super().setup()
        self._background = [asyncio.create_task(self._poll_on_notices()), asyncio.create_task(self._end_stuck_runs())]

    async def teardown(self, *exc_info: Any) -> None:
        """Stop the runs and the fork server."""
        for task in self._background:
            task.cancel()
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                await self._fork_server.close()

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Poll for runs that are due and start them."""
        async with self._polling_lock:
            return await super().get_and_submit_flow_runs()

    async def _poll_on_notices(self) -> None:
        """Poll at once when the API announces a run, and not only at the next interval."""
        settings = load_settings()
        if settings.database_url is None:
            return
        while True:
            try:
                async for _ in listen_for_runs(settings.database_url.get_secret_value()):
                    await self.get_and_submit_flow_runs()
            except (*CONNECTION_ERRORS, *PREFECT_ERRORS) as error:
                logger.info("no notices of new runs, polling alone finds them: %s", error)
            await asyncio.sleep(RECONNECT_S)

    async def _end_stuck_runs(self) -> None:
        """End the processes of runs whose builds have ended, and release their slots."""
        settings = load_settings()
        if settings.database_url is None:
            return
        ended_builds = EndedBuilds(settings.database_url.get_secret_value())
        while True:
            await asyncio.sleep(POLL_S)
            processes = {UUID(run): process for run, process in self._running.items()}
            try:
                async with asyncio.timeout(LOOK_TIMEOUT_S):
                    found = await ended_builds.find(processes)
            except (DatabaseError, TimeoutError) as error:
                logger.info("the builds of the running processes cannot be read; looking again: %s", error)
                continue
            for run, build in found.items():
                logger.warning("run %s: its build is %s, and its process is still there: ending it", run, build.status)
                await processes[run].end(GRACE_S)
                await self._release_slots(build.leases)

    async def _release_slots(self, leases: Sequence[UUID]) -> None:
        """Release the slots of a process that could not; those that fail are free when their leases expire."""
        for lease in leases:
            with contextlib.suppress(*PREFECT_ERRORS):
                await self.client.release_concurrency_slots_with_lease(lease)

    async def _submit_scheduled_flow_runs(self, flow_run_response: list[WorkerFlowRunResponse]) -> list[FlowRun]:
        """Start runs; a run whose former process still lives is started at a later poll, after ending that process.

        Prefect's worker (3.8.8) would stop with an error if it were submitted twice.
        """
        # The limiter's slot is held a moment longer than the process lives.
        busy = set(self._limiter.statistics().borrowers) if self._limiter else set()
        free = []
        for entry in flow_run_response:
            if process := self._running.get(str(entry.flow_run.id)):
                process.is_replaced = True
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
        """Carry out the run in a process of its own; return how it ended.

        Raises:
            RuntimeError: no process could be started.
        """
        process = await self._fork_server.fork(str(flow_run.id), configuration.env)
        self._running[str(flow_run.id)] = process
        self._metrics.open_run(process.pid, process.figures)
        try:
            if task_status is not None:
                task_status.started(process.pid)
            with self._lend_place(configuration):
                status = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                # Before its folder goes with its process.
                self._metrics.close_run(process.pid)
                await process.end(GRACE_S)
            del self._running[str(flow_run.id)]
        # The end of a replaced process says nothing about the run, which is scheduled again by now: reported as a
        # failure, it would become the run's state, and nobody would start the run.
        return WarmWorkerResult(status_code=0 if process.is_replaced else status, identifier=str(process.pid))

    @contextlib.contextmanager
    def _lend_place(self, configuration: WarmJobConfiguration) -> Iterator[None]:
        """Have one place more while a run waits for others: holding the only place, it would wait for ever."""
        if self._limiter is None or not configuration._waits_for_runs:
            yield
            return
        self._limiter.total_tokens += 1
        try:
            yield
        finally:
            self._limiter.total_tokens -= 1

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: WarmJobConfiguration, grace_seconds: int = 30
    ) -> None:
        """Send the run's process SIGTERM, and SIGKILL after the grace period.

        Raises:
            InfrastructureNotFound: this worker does not run it (a pid of another machine means nothing here).
        """
        process = self._running.get(configuration.env.get("PREFECT__FLOW_RUN_ID") or "")
        if process is None or str(process.pid) != infrastructure_pid:
            raise InfrastructureNotFound(f"This worker has no process {infrastructure_pid} for the run.")
        await process.end(grace_seconds)
