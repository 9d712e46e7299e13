"""The open resources of one API process, as its routes use them; opened in the application's lifespan."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from starlette.requests import Request

from api.builds.lost_runs import LostRuns
from api.builds.planned_readings import PlannedReadings
from api.builds.prefect_runs import PrefectRuns, open_prefect_runs
from api.builds.stream import Streams
from api.builds.sweeper import Sweeper
from api.chat.chat_metrics import ChatMetrics
from api.chat.retention import delete_expired_forever
from api.http.metered_embedder import MeteredEmbedder
from api.http.turns import Turns, page_turns, source_turns
from api.webhooks.courier import Courier
from tasks.core.database import Pool, open_pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.events import BuildEvent
from tasks.core.processes import Processes, open_processes
from tasks.core.settings import Settings
from tasks.core.traces import open_spans
from tasks.documents.document_process import DOCUMENT_MODULE
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.generation.chat_model import ChatModel
from tasks.knowledge.answering.generation.open_chat_model import open_chat_model
from tasks.knowledge.answering.sentence_reader import SentenceReader, open_sentence_reader
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.knowledge.openai_api.model_status import ModelStatus
from tasks.records.budgets import Budgets

if TYPE_CHECKING:
    from tasks.core.otlp_spans import OtlpSpans


@dataclass
class AppState:
    """The open resources of one API process."""

    settings: Settings
    pool: Pool
    runs: PrefectRuns
    streams: Streams
    embedder: Embedder
    answerer: Answerer
    budgets: Budgets
    documents: Processes
    """One child process, which reads owners' files; it starts with the first."""
    models: Sequence[ModelStatus] = ()
    """State of each model of the service at OPENAI_BASE_URL."""
    readers: Sequence[SentenceReader] = ()
    """The model that rates sentences by their sense, if it is open here."""
    spans: "OtlpSpans | None" = None
    """Of the requests that ask for builds; None if nothing is traced."""
    chat_metrics: ChatMetrics = field(default_factory=ChatMetrics)
    started_at: float = field(default_factory=time.monotonic)
    """Time of the process's start, on the monotonic clock."""
    source_turns: Turns = field(default_factory=source_turns)
    page_turns: Turns = field(default_factory=page_turns)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """Tasks that no request waits for; cancelled at exit."""
    readings: PlannedReadings = field(init=False)

    def __post_init__(self) -> None:
        self.readings = PlannedReadings(self.runs)

    def warnings(self) -> list[str]:
        """Return what is wrong with the models: answers go on without them."""
        told = [model.warnings() for model in self.models] + [reader.warnings() for reader in self.readers]
        return [warning for warnings in told for warning in warnings]

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the work without waiting for it; it handles its own errors."""
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)


def app_state(request: Request) -> AppState:
    """Return the open resources of the application that serves the request.

    Raises:
        DependencyUnavailable: they are not open yet; with what they wait for.
    """
    if (found := find_app_state(request)) is None:
        raise getattr(request.app.state, "waits_for", None) or DependencyUnavailable("PostgreSQL", "it is starting")
    return found


def find_app_state(request: Request) -> AppState | None:
    """Return the open resources; None before they are open."""
    return cast("AppState | None", getattr(request.app.state, "resources", None))


@asynccontextmanager
async def open_app_state(settings: Settings) -> AsyncIterator[AppState]:
    """Open the resources and run the background tasks (Prefect's events, sweeps, webhooks, retention) until exit.

    Raises:
        DependencyUnavailable: no database is configured or it does not answer.
    """
    if settings.database_url is None:
        raise DependencyUnavailable("PostgreSQL", "DATABASE_URL is not set", "start `widget-builder up`")
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.database_url.get_secret_value(), max_size=20))
        runs = await stack.enter_async_context(open_prefect_runs())
        budgets = Budgets(pool, settings)
        embedder = MeteredEmbedder(
            await stack.enter_async_context(open_embedder(settings, None, pool)),
            budgets,
            is_remote=settings.uses_openai,
        )
        model = await stack.enter_async_context(open_chat_model(settings))
        reader = stack.enter_context(open_sentence_reader(settings))
        answerer = Answerer(pool, embedder, model, reader)
        models = _statuses(model, embedder)
        documents = stack.enter_context(open_processes(1, DOCUMENT_MODULE))
        streams = Streams(pool)
        spans = await stack.enter_async_context(open_spans(settings, "api"))
        state = AppState(
            settings, pool, runs, streams, embedder, answerer, budgets, documents, models, (reader,), spans
        )
        sweeper = Sweeper(pool, runs)
        await stack.enter_async_context(_cancelled_at_exit(state.background))
        state.run_in_background(_follow(runs, state.streams, sweeper))
        state.run_in_background(state.streams.fill_forever())
        state.run_in_background(state.streams.end_at_exit())
        state.run_in_background(sweeper.sweep_forever())
        state.run_in_background(LostRuns(pool, runs).sweep_forever())
        state.run_in_background(delete_expired_forever(pool, settings.retention_days))
        state.run_in_background(Courier(pool, settings).deliver_forever())
        state.run_in_background(answerer.warm_up())
        state.run_in_background(_follow_models(settings, models))
        yield state


@asynccontextmanager
async def _cancelled_at_exit(tasks: set[asyncio.Task[None]]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        running = tuple(tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _statuses(model: ChatModel | None, embedder: MeteredEmbedder) -> list[ModelStatus]:
    statuses = [None if model is None else model.status, embedder.status]
    return [status for status in statuses if status is not None]


async def _follow_models(settings: Settings, models: Sequence[ModelStatus]) -> None:
    if models:
        # Imported only when used: the client takes the better part of a second.
        from tasks.knowledge.openai_api.model_list import follow_shutdown_dates

        await follow_shutdown_dates(settings, models)


async def _follow(runs: PrefectRuns, streams: Streams, sweeper: Sweeper) -> None:
    async for event in runs.follow():
        if isinstance(event, BuildEvent):
            await streams.add(event)
        elif event.endswith((".Crashed", ".Failed", ".Cancelled")):
            sweeper.wake()
