"""The trace of a build's run: its attempt, with a span for each stage (`tasks.core.traces`)."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from flows.progress import Progress
from tasks.core.events import Stage
from tasks.core.models import Job
from tasks.core.settings import Settings
from tasks.core.traces import open_spans, trace, trace_build


@asynccontextmanager
async def traced_run(
    settings: Settings, job: Job, progress: Progress, run_id: UUID, *, was_asked: bool
) -> AsyncIterator[None]:
    """Trace the run's attempt at the build; `was_asked`: the API recorded the build, and traced the request."""
    values: dict[str, str | int] = {"widget_id": str(job.widget_id), "flow_run_id": str(run_id), "attempt": job.attempt}
    async with open_spans(settings, "worker") as spans:
        with trace_build(spans, job.build_id, was_asked=was_asked, **values) as span:
            try:
                yield
            finally:
                counts = progress.statistics.model_dump(exclude={"skipped"})
                skipped = sum(progress.skipped.values())
                span.note(outcome=progress.outcome or "crashed", skipped_urls=skipped, **counts)


async def traced_stage(stage: Stage, name: str, progress: Progress, work: Coroutine[Any, Any, None]) -> None:
    """Carry out a stage in a span with its pages."""
    meter = progress.meters[stage]
    with trace(name) as span:
        try:
            await work
        finally:
            span.note(pages=meter.done, failed=meter.failed)
