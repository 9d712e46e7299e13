"""The end of a build: publication, or the event of its failure."""

import contextlib
from typing import Any

from flows.progress import Progress
from flows.remedies import code_of, find_remedy
from flows.workspace import Workspace
from tasks.core.database import DISK_FULL
from tasks.core.errors import (
    AnswersWorse,
    BuildEnded,
    EmbeddingRefused,
    EmbeddingUnavailable,
    HomePageFailed,
    NothingStored,
    StorageFull,
    WidgetBuilderError,
)
from tasks.core.events import EventType
from tasks.core.models import Link
from tasks.knowledge.evaluation.answer_comparison import compare_answers
from tasks.knowledge.facts.fact_writer import write_facts
from tasks.knowledge.indexing.source_writer import renew_sources
from tasks.knowledge.indexing.vector_index import index_build
from tasks.records.build_diff import read_diff
from tasks.records.publication import WidgetLooks, activate_build, check_page_count
from tasks.web.crawl.scope import Scope


async def finish(space: Workspace, looks: WidgetLooks | None, scope: Scope) -> None:
    """Publish the stored pages with the site's looks, and emit the terminal event.

    Raises:
        NothingStored: there is nothing to publish; old knowledge, if any, stays.
        SiteShrank: the build has far fewer pages than the widget; the old knowledge stays.
    """
    progress, settings, job = space.progress, space.settings, space.job
    statistics = progress.statistics
    data = statistics.model_dump()
    if settings.performance_metrics:
        data["performance"] = progress.performance | {"embedding": progress.embedding(space.embedder)}
    await progress.emit(
        EventType.parallel_processing_completed,
        f"{statistics.stored_pages} of {statistics.total_urls} pages stored",
        detail=progress.stopped,
        **data,
    )
    if not statistics.stored_pages:
        raise NothingStored(f"No page could be used: {progress.commonest_cause}.")
    await check_page_count(space.pool, job, lambda url: scope.allows(Link(url)))
    await write_facts(space.pool, space.embedder, job, space.site_facts)
    await renew_sources(space.pool, space.processes, space.embedder, job.widget_id)
    progress.diff = diff = await read_diff(space.pool, job)
    await check_answers(space)
    await activate_build(space.pool, job, replace=True, looks=looks)
    await progress.emit(
        EventType.builder_completed,
        f"The widget answers from {statistics.stored_pages} pages",
        detail=progress.stopped,
        widget_id=str(job.widget_id),
        build_id=str(job.build_id),
        embed_snippet=(f'<script src="{settings.origin}/widget.js" data-widget="{job.widget_id}" async></script>'),
        preview_url=f"{settings.origin}/preview/{job.widget_id}",
        statistics=statistics.model_dump(),
        seconds=progress.seconds,
        **({} if diff is None else {"diff": diff.model_dump()}),
        **_answers(progress),
    )
    # After publication: the widget answers without the index, a large one only more slowly.
    await index_build(space.pool, job)


async def check_answers(space: Workspace) -> None:
    """Ask the changed knowledge of a re-crawl the widget's questions.

    Raises:
        AnswersWorse: clearly fewer are answered right; the old knowledge stays.
    """
    job, progress = space.job, space.progress
    if job.allow_fewer_pages or job.replaces is None or progress.diff is None or progress.diff.is_empty:
        return
    compared = await compare_answers(space.pool, space.embedder, job.widget_id, before=job.replaces, after=job.build_id)
    progress.answers = compared
    if compared.is_clearly_worse(space.settings.answer_loss):
        raise AnswersWorse(compared.right_before, compared.right_after, compared.lost)


def _answers(progress: Progress) -> dict[str, Any]:
    return {} if progress.answers is None else {"answers": progress.answers.summary}


def cause_of(group: BaseExceptionGroup[WidgetBuilderError | DISK_FULL]) -> WidgetBuilderError:
    """Return the error that ended the build; `BuildEnded` is only a consequence if there is another."""
    errors: list[WidgetBuilderError] = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            errors.append(cause_of(error))
        else:
            errors.append(StorageFull() if isinstance(error, DISK_FULL) else error)
    return next((error for error in errors if not isinstance(error, BuildEnded)), errors[0])


def first_error(group: BaseExceptionGroup[Exception]) -> Exception:
    """Return the first of the group's errors."""
    error: Exception | BaseExceptionGroup[Exception] = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def emit_failure(progress: Progress, cause: WidgetBuilderError) -> None:
    """Emit the terminal event of a build that failed."""
    message = "The start page cannot be read" if isinstance(cause, HomePageFailed) else "The build cannot go on"
    if isinstance(cause, EmbeddingRefused | EmbeddingUnavailable | StorageFull):
        message = "The build stops here. Its stored pages stay: correct the cause, then resume the build"
    with contextlib.suppress(BuildEnded):
        await progress.emit(
            EventType.builder_failed,
            message,
            detail=cause.message,
            code=cause.code,
            cause=code_of(cause),
            remedy=find_remedy(cause),
            statistics=progress.statistics.model_dump(),
            **_answers(progress),
        )
