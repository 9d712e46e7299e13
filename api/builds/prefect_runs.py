"""The API's client of Prefect: start runs through their deployment; follow, read and cancel them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, Log, WorkerStatus
from prefect.client.schemas.objects import StateType as StateType
from prefect.client.schemas.sorting import FlowRunSort, LogSort
from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.states import Cancelled, Cancelling, Completed, Failed, Scheduled

from tasks.core.errors import DependencyUnavailable
from tasks.core.events import PREFECT_PREFIX, BuildEvent
from tasks.core.models import BuildRequest, Frozen

logger = logging.getLogger("widget_builder.api")

BUILD_DEPLOYMENT = "build-widget/build"
QUEUE = "default"
"""The work queue of builds that somebody waits for; the deployment's own, of scheduled ones, comes after it."""
DEPLOYMENT_TAG = "widget-builder"
"""Tag of all our deployments."""
MOST_BEGUN = 200
"""Most runs read at once; more do not run at once."""
RECONNECT_S = 1.0
CANCEL_S = 10.0
"""Seconds for telling Prefect that a build was cancelled."""

StateChange = NewType("StateChange", str)
"""Prefect's name of an event such as `prefect.flow-run.Crashed`."""

PREFECT_ERRORS = (httpx.HTTPError, PrefectException, OSError)


class RunRecord(Frozen):
    """A flow run as it stands in Prefect."""

    id: UUID
    state: StateType
    message: str
    run_count: int
    """Number of times the run has started."""
    state_age_s: float
    """Seconds since the last state change."""
    has_queue: bool = True
    """Whether a worker can find it: a run without a deployment, or whose work queue was deleted, is in none."""


class PrefectRuns:
    """Flow runs of the build deployment."""

    def __init__(self, client: PrefectClient) -> None:
        self.client = self._client = client
        self._deployment_id: UUID | None = None

    async def start(
        self, build_id: UUID, request: BuildRequest, attempt: int = 0, *, instead_of: UUID | None = None
    ) -> UUID:
        """Start a flow run for the build's next attempt and return its id; a second call returns the same run.

        `instead_of`: a run for the same attempt that nobody can start any more.

        Raises:
            DependencyUnavailable: Prefect does not answer or does not know the deployment.
        """
        try:
            run = await self._client.create_flow_run_from_deployment(
                await self._find_deployment(),
                parameters=request.parameters | {"build_id": str(build_id)},
                work_queue_name=QUEUE,
                # Unique per flow for ever: a resumed build needs another.
                idempotency_key=f"build-{build_id}-{attempt}" + (f"-{instead_of}" if instead_of else ""),
            )
        except PREFECT_ERRORS as error:
            self._deployment_id = None
            raise unavailable(error) from error
        return run.id

    async def _find_deployment(self) -> UUID:
        if self._deployment_id is None:
            self._deployment_id = (await self._client.read_deployment_by_name(BUILD_DEPLOYMENT)).id
        return self._deployment_id

    async def check(self) -> None:
        """Return when builds can be started.

        Raises:
            DependencyUnavailable: Prefect does not answer or does not know the deployment.
        """
        try:
            if (failure := await self._client.api_healthcheck()) is not None:
                raise failure
            await self._find_deployment()
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error

    async def check_worker(self) -> None:
        """Return when a worker is online for the build deployment.

        Raises:
            DependencyUnavailable: no worker is online.
        """
        try:
            deployment = await self._client.read_deployment_by_name(BUILD_DEPLOYMENT)
            pool = deployment.work_pool_name or ""
            workers = await self._client.read_workers_for_work_pool(pool)
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error
        if not any(worker.status == WorkerStatus.ONLINE for worker in workers):
            raise DependencyUnavailable("Worker", f"no worker is online for the work pool {pool}")

    async def read(self, run_ids: Sequence[UUID]) -> dict[UUID, RunRecord]:
        """Return the runs' current states by id; unknown runs are missing.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        if not run_ids:
            return {}
        try:
            runs = await self._client.read_flow_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(run_ids)))
            )
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error
        return {run.id: _record(run) for run in runs if run.state is not None}

    async def read_begun(self) -> dict[UUID, RunRecord]:
        """Return the latest runs of our deployments that have begun and not ended, or have crashed, by id.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        states = [StateType.PENDING, StateType.RUNNING, StateType.CRASHED]
        try:
            runs = await self._client.read_flow_runs(
                flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states))),
                deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[DEPLOYMENT_TAG])),
                sort=FlowRunSort.EXPECTED_START_TIME_DESC,
                limit=MOST_BEGUN,
            )
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error
        return {run.id: _record(run) for run in runs if run.state is not None}

    async def read_start_age(self, run_id: UUID) -> float:
        """Return the seconds since the run last began; infinite if it never did.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        try:
            states = await self._client.read_flow_run_states(run_id)
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error
        begun = [state.timestamp for state in states if state.type is StateType.RUNNING]
        return (datetime.now(UTC) - max(begun)).total_seconds() if begun else float("inf")

    async def cancel(self, run_id: UUID) -> None:
        """Ask Prefect to cancel the run, for `CANCEL_S` at most; the build's record is already final.

        A run that Prefect was not told about ends by itself: when it starts, or at its next heartbeat.
        """
        try:
            async with asyncio.timeout(CANCEL_S):
                run = await self._client.read_flow_run(run_id)
                has_started = run.start_time is not None
                await self._client.set_flow_run_state(
                    run_id, Cancelling() if has_started else Cancelled(message="Cancelled before it started.")
                )
        except (*PREFECT_ERRORS, TimeoutError) as error:
            logger.warning("flow run %s was not cancelled in Prefect: %r", run_id, error)

    async def restart(self, run_id: UUID, reason: str) -> None:
        """Schedule a dead run again; the flow continues where it stopped.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        try:
            await self._client.set_flow_run_state(run_id, Scheduled(name="AwaitingRetry", message=reason), force=True)
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error

    async def fail(self, run_id: UUID, cause: str) -> None:
        """Mark a dead run as failed: its build has ended. Its worker ends the process, if that still lives.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        try:
            await self._client.set_flow_run_state(run_id, Failed(message=cause), force=True)
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error

    async def end(self, run_id: UUID, status: str) -> None:
        """Give a dead run the final state of its build, `completed`, `failed` or `cancelled`.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        state = {"completed": Completed, "failed": Failed, "cancelled": Cancelled}[status]
        try:
            await self._client.set_flow_run_state(run_id, state(message=f"The build is {status}."), force=True)
        except PREFECT_ERRORS as error:
            raise unavailable(error) from error

    async def read_logs(self, run_id: UUID, offset: int) -> list[Log]:
        """Return up to 200 of the run's log records from `offset` on, in order; none while Prefect is down."""
        try:
            return await self._client.read_logs(
                LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])),
                offset=offset,
                limit=200,
                sort=LogSort.TIMESTAMP_ASC,
            )
        except PREFECT_ERRORS as error:
            logger.warning("log records cannot be read from Prefect: %s", error)
            return []

    async def follow(self) -> AsyncIterator[BuildEvent | StateChange]:
        """Yield events of all builds and state changes of all runs as they happen, without end.

        Prefect may drop or delay some (its backlog per subscriber is 256): a signal, not the record.
        """
        names = EventNameFilter(prefix=[PREFECT_PREFIX, "prefect.flow-run."])
        while True:
            try:
                async with get_events_subscriber(filter=EventFilter(event=names), reconnection_attempts=0) as events:
                    async for event in events:
                        yield _translate(event)
            except Exception as error:  # noqa: BLE001
                # The subscriber raises bare exceptions of its own and of websockets; all mean a lost connection.
                logger.info("Prefect's event stream was lost; reconnecting: %r", error)
            await asyncio.sleep(RECONNECT_S)


def _translate(event: Event) -> BuildEvent | StateChange:
    if event.event.startswith(PREFECT_PREFIX):
        return BuildEvent.model_validate(event.payload)
    return StateChange(event.event)


def _record(run: FlowRun) -> RunRecord:
    assert run.state is not None
    return RunRecord(
        id=run.id,
        state=run.state.type,
        message=run.state.message or "",
        run_count=run.run_count,
        state_age_s=(datetime.now(UTC) - run.state.timestamp).total_seconds(),
        has_queue=run.deployment_id is not None and run.work_queue_id is not None,
    )


def unavailable(error: Exception) -> DependencyUnavailable:
    """Return our error for one of Prefect's client."""
    if isinstance(error, ObjectNotFound):
        problem = f"the deployment {BUILD_DEPLOYMENT} does not exist"
        return DependencyUnavailable("Prefect", problem, "run `widget-builder register`")
    return DependencyUnavailable("Prefect", f"{type(error).__name__}: {error}", "see `widget-builder doctor`")


@asynccontextmanager
async def open_prefect_runs() -> AsyncIterator[PrefectRuns]:
    """Open a client of the Prefect server at PREFECT_API_URL."""
    async with get_client(sync_client=False) as client:
        yield PrefectRuns(client)
