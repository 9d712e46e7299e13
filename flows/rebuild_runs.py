"""Runs of the build deployment that rebuild existing widgets, and their outcomes."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectException
from prefect.states import Scheduled

from flows.scheduled_runs import DEPLOYMENT
from tasks.core.database import CONNECTION_ERRORS, Pool
from tasks.core.models import BuildRequest
from tasks.records.run_notices import notify_workers
from tasks.records.run_states import RunOutcome, read_run_outcomes

logger = logging.getLogger("widget_builder.flows")

QUEUE = "scheduled"
"""The work queue of builds that nobody waits for: it limits how many run at once, and comes after the others."""
WIDGET_S = 30.0
"""Most seconds of the window a widget gets: a few widgets need not wait for the whole of it."""
POLL_S = 2.0
CRASH_S = 120.0
"""Seconds after which a crashed run is not expected to be restarted any more (`api.builds.sweeper`)."""
BATCH = 100
"""Runs read from Prefect at once."""


@dataclass(frozen=True)
class Rebuild:
    """One widget's rebuild and its outcome."""

    widget_id: UUID
    url: str
    run_id: UUID
    outcome: str = ""
    """`completed`, `failed`, `cancelled`, or `skipped` if another build of the widget was running."""
    pages: int = 0
    cause: str = ""
    seconds: float = 0

    @property
    def has_failed(self) -> bool:
        """Whether somebody has to look at it."""
        return self.outcome == "failed"

    @property
    def row(self) -> dict[str, object]:
        """The row of the table of outcomes."""
        return {
            "site": self.url,
            "outcome": self.outcome,
            "pages": self.pages,
            "seconds": round(self.seconds),
            "cause": self.cause,
            "widget": str(self.widget_id),
            "run": f"[open](/runs/flow-run/{self.run_id})",
        }


class RebuildRuns:
    """The rebuilds of one re-crawl."""

    def __init__(self, client: PrefectClient, pool: Pool, recrawl_id: UUID, window_s: float) -> None:
        self._client = client
        self._pool = pool
        self._recrawl_id = recrawl_id
        self._window_s = window_s

    async def start(self, widgets: Sequence[tuple[UUID, BuildRequest]]) -> list[Rebuild]:
        """Schedule a run for each widget, spread over the window; on a second call for the same re-crawl, find them.

        A run that failed in the meantime is then scheduled once more: its build resumes.
        """
        deployment = await self._client.read_deployment_by_name(DEPLOYMENT)
        rebuilds = []
        for widget_id, request in widgets:
            run = await self._client.create_flow_run_from_deployment(
                deployment.id,
                parameters=request.parameters | {"widget_id": str(widget_id)},
                state=Scheduled(scheduled_time=self._time(widget_id, len(widgets))),
                idempotency_key=f"recrawl-{self._recrawl_id}-{widget_id}",
                work_queue_name=QUEUE,
                tags=["recrawl"],
            )
            if run.state and run.state.is_failed():
                await self._client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"))
            rebuilds.append(Rebuild(widget_id, request.url, run.id))
        await notify_workers(self._pool)
        return rebuilds

    def _time(self, widget_id: UUID, widgets: int) -> datetime:
        window_s = min(self._window_s, WIDGET_S * (widgets - 1))
        # The same time for a widget whenever this re-crawl is asked again.
        jitter = random.Random(f"{self._recrawl_id}{widget_id}").random()
        return datetime.now(UTC) + timedelta(seconds=window_s * jitter)

    async def wait(self, rebuilds: Sequence[Rebuild]) -> list[Rebuild]:
        """Wait for all outcomes, also while Prefect or the database is away for a while."""
        open_, done = list(rebuilds), list[Rebuild]()
        while open_:
            await asyncio.sleep(POLL_S)
            left: list[Rebuild] = []
            for batch in (open_[first : first + BATCH] for first in range(0, len(open_), BATCH)):
                try:
                    ended = await self._read_ended(batch)
                except (httpx.HTTPError, PrefectException, *CONNECTION_ERRORS) as error:
                    logger.info("The outcomes cannot be read; asking again: %s", error)
                    ended = {}
                done += ended.values()
                left += [rebuild for rebuild in batch if rebuild.run_id not in ended]
            open_ = left
        return done

    async def _read_ended(self, batch: Sequence[Rebuild]) -> dict[UUID, Rebuild]:
        """Return those that have ended, by run."""
        asked = {rebuild.run_id: rebuild for rebuild in batch}
        runs = await self._client.read_flow_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(asked))), limit=len(asked)
        )
        states = {run.id: run.state for run in runs}
        # A run that somebody has deleted in Prefect has ended too.
        over = [run_id for run_id in asked if _has_ended(states.get(run_id))]
        outcomes = await read_run_outcomes(self._pool, over)
        return {run_id: _with_outcome(asked[run_id], states.get(run_id), outcomes.get(run_id)) for run_id in over}


def _has_ended(state: State | None) -> bool:
    if state is None:
        return True
    if state.is_crashed():
        # The run of a build is restarted a moment later.
        return (datetime.now(UTC) - state.timestamp).total_seconds() > CRASH_S
    return state.is_final()


def _with_outcome(rebuild: Rebuild, state: State | None, recorded: RunOutcome | None) -> Rebuild:
    """The rebuild with its build's outcome; without a build, the run has failed, or had nothing to do."""
    if recorded is not None and recorded.is_over:
        return replace(
            rebuild,
            outcome=recorded.status,
            pages=recorded.pages,
            cause=recorded.error or "",
            seconds=recorded.seconds,
        )
    cause = (state.message if state else "the run no longer exists in Prefect") or ""
    return replace(rebuild, outcome="skipped" if state and state.is_cancelled() else "failed", cause=cause)
