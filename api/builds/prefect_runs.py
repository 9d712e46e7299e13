"""The API's only way to Prefect: start a run through its deployment, follow, read and cancel runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, Log, WorkerStatus
from prefect.client.schemas.objects import StateType as StateType
from prefect.client.schemas.sorting import LogSort
from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.states import Cancelled, Cancelling, Scheduled

from tasks.core.errors import DependencyUnavailable
from tasks.core.events import PREFECT_PREFIX, BuildEvent
from tasks.core.models import BuildRequest, Frozen

logger = logging.getLogger("widget_builder.api")

BUILD_DEPLOYMENT = "build-widget/build"
RECONNECT_S = 1.0

StateChange = NewType("StateChange", str)
"""Prefect's name of an event such as `prefect.flow-run.Crashed`."""

PREFECT_ERRORS = (httpx.HTTPError, PrefectException, OSError)


class RunRecord(Frozen):
    """A flow run as it stands in Prefect."""

    id: UUID
    state: StateType
    message: str
    run_count: int
    """How often it has begun."""
    state_age_s: float
    """Seconds since it came into its state."""


class PrefectRuns:
    """Flow runs of the build deployment."""

    def __init__(self, client: PrefectClient) -> None:
        self._client = client
        self._deployment_id: UUID | None = None

    async def start(self, build_id: UUID, request: BuildRequest) -> UUID:
        """The id of the flow run that carries the build; asked twice, the same one.

        Raises:
            DependencyUnavailable: Prefect does not answer or does not know the deployment.
        """
        try:
            run = await self._client.create_flow_run_from_deployment(
                await self._find_deployment(),
                parameters=request.model_dump() | {"build_id": str(build_id)},
                idempotency_key=f"build-{build_id}",
            )
        except PREFECT_ERRORS as error:
            self._deployment_id = None
            raise _unavailable(error) from error
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
            response = await self._client._client.get("/health")
            response.raise_for_status()
            await self._find_deployment()
        except PREFECT_ERRORS as error:
            raise _unavailable(error) from error

    async def check_worker(self) -> None:
        """Return when a worker takes runs of the build deployment.

        Raises:
            DependencyUnavailable: none does at the moment.
        """
        try:
            deployment = await self._client.read_deployment_by_name(BUILD_DEPLOYMENT)
            pool = deployment.work_pool_name or ""
            workers = await self._client.read_workers_for_work_pool(pool)
        except PREFECT_ERRORS as error:
            raise _unavailable(error) from error
        if not any(worker.status == WorkerStatus.ONLINE for worker in workers):
            raise DependencyUnavailable("Worker", f"none is online for the work pool {pool}")

    async def read(self, run_ids: Sequence[UUID]) -> dict[UUID, RunRecord]:
        """The runs as they stand, by id; unknown ones are missing.

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
            raise _unavailable(error) from error
        return {run.id: _record(run) for run in runs if run.state is not None}

    async def cancel(self, run_id: UUID) -> None:
        """Have the run end; it may take a moment. Its build's own record says so already."""
        try:
            run = await self._client.read_flow_run(run_id)
            begun = run.start_time is not None
            await self._client.set_flow_run_state(
                run_id, Cancelling() if begun else Cancelled(message="Cancelled before it began.")
            )
        except PREFECT_ERRORS as error:
            logger.warning("Prefect was not told to cancel %s: %s", run_id, error)

    async def run_again(self, run_id: UUID, why: str) -> None:
        """Have a run that died run again; it goes on where it stopped.

        Raises:
            DependencyUnavailable: Prefect does not answer.
        """
        try:
            await self._client.set_flow_run_state(run_id, Scheduled(name="AwaitingRetry", message=why), force=True)
        except PREFECT_ERRORS as error:
            raise _unavailable(error) from error

    async def read_logs(self, run_id: UUID, offset: int) -> list[Log]:
        """The run's log records from `offset` on, in order; none while Prefect is away."""
        try:
            return await self._client.read_logs(
                LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])),
                offset=offset,
                limit=200,
                sort=LogSort.TIMESTAMP_ASC,
            )
        except PREFECT_ERRORS as error:
            logger.warning("no logs from Prefect: %s", error)
            return []

    async def follow(self) -> AsyncIterator[BuildEvent | StateChange]:
        """Events of all builds and state changes of all runs as they happen, without end.

        Prefect may drop or delay some (its backlog a subscriber is 256): a signal, not the record.
        """
        names = EventNameFilter(prefix=[PREFECT_PREFIX, "prefect.flow-run."])
        while True:
            try:
                async with get_events_subscriber(filter=EventFilter(event=names), reconnection_attempts=0) as events:
                    async for event in events:
                        yield _translate(event)
            except Exception as error:  # noqa: BLE001
                # The subscriber raises bare exceptions of its own and of websockets; all mean "lost it".
                logger.info("Prefect's event stream was lost: %r", error)
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
    )


def _unavailable(error: Exception) -> DependencyUnavailable:
    if isinstance(error, ObjectNotFound):
        problem = f"it does not know the deployment {BUILD_DEPLOYMENT}"
        return DependencyUnavailable("Prefect", problem, "run `widget-builder register`")
    return DependencyUnavailable("Prefect", f"{type(error).__name__}: {error}", "see `widget-builder doctor`")


@asynccontextmanager
async def open_prefect_runs() -> AsyncIterator[PrefectRuns]:
    """The runs of the server that PREFECT_API_URL names."""
    async with get_client(sync_client=False) as client:
        yield PrefectRuns(client)
