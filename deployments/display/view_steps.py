"""The steps of a build's view: how each type of event changes it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from deployments.display.build_view import BuildView, Cause, Failure, StageStatus
from tasks.core.events import BuildEvent, EventType, Stage
from tasks.core.models import Statistics
from tasks.core.theme_model import Theme

RECENT_FAILURES = 8
MAX_CAUSES = 50
"""Maximum number of distinct causes; further ones are counted as `other causes`."""


def advance(view: BuildView, event: BuildEvent) -> BuildView:
    """Return the view after one more event; types that are not shown change only its time."""
    view = replace(view, began=view.began or event.at, latest=event.at, build_id=event.build_id)
    if event.type not in _FAILURES:
        view = replace(view, message=event.message)
    step = _STEPS.get(event.type)
    return step(view, event) if step else view


def _start(view: BuildView, event: BuildEvent) -> BuildView:
    return replace(
        view,
        url=_text(event, "url") or view.url,
        depth=_count(event.data, "depth"),
        max_pages=_count(event.data, "max_pages"),
        widget_id=_text(event, "widget_id"),
        owner_token=_text(event, "owner_token"),
    )


def _begin_theme(view: BuildView, event: BuildEvent) -> BuildView:
    return _with_stage(view, Stage.theme, status=StageStatus.running, began=event.at)


def _end_theme(view: BuildView, event: BuildEvent) -> BuildView:
    with suppress(ValidationError):  # a theme of a later version is not shown
        view = replace(view, theme=Theme.model_validate(event.data.get("theme")))
    failed = event.type is EventType.theme_generation_failed
    view = replace(view, theme_problem=(event.detail or event.message) if failed else None)
    return _with_stage(view, Stage.theme, status=StageStatus.done, ended=event.at)


def _begin_extraction(view: BuildView, event: BuildEvent) -> BuildView:
    return _with_stage(view, Stage.url_extraction, status=StageStatus.running, began=event.at)


def _extract(view: BuildView, event: BuildEvent) -> BuildView:
    view = _with_total(view, _count(event.data, "total_urls"))
    return _with_stage(view, Stage.url_extraction, done=_count(event.data, "fetched") or 0, counted_at=event.at)


def _end_extraction(view: BuildView, event: BuildEvent) -> BuildView:
    total = _count(event.data, "total_urls") or 0
    view = replace(view, skipped=_counts(event.data.get("skipped")), by_method=_counts(event.data.get("by_method")))
    view = _with_total(view, total)
    return _with_stage(
        view, Stage.url_extraction, status=StageStatus.done, done=total, counted_at=event.at, ended=event.at
    )


def _begin_processing(view: BuildView, event: BuildEvent) -> BuildView:
    for stage in (Stage.scraping, Stage.embedding, Stage.storage):
        view = _with_stage(view, stage, status=StageStatus.running, began=event.at)
    return _with_total(view, _count(event.data, "total_urls"))


def _count_pages(view: BuildView, event: BuildEvent) -> BuildView:
    view = _with_total(view, _count(event.data, "total"))
    known = view.stages[event.stage]
    return _with_stage(
        view,
        event.stage,
        status=StageStatus.running,
        began=known.began or event.at,
        done=_count(event.data, "done") or 0,
        failed=max(known.failed, _count(event.data, "failed") or 0),
        counted_at=event.at,
    )


def _fail_page(view: BuildView, event: BuildEvent) -> BuildView:
    view = _note_failure(view, Failure(event.stage, _text(event, "url") or "", event.detail or event.message))
    return _with_stage(view, event.stage, failed=view.stages[event.stage].failed + 1)


def _get_ready(view: BuildView, event: BuildEvent) -> BuildView:
    return replace(view, ready_at=event.at, ready_pages=_count(event.data, "pages"))


def _end_processing(view: BuildView, event: BuildEvent) -> BuildView:
    for stage in (Stage.scraping, Stage.embedding, Stage.storage):
        view = _with_stage(view, stage, status=StageStatus.done, ended=event.at)
    return _with_statistics(view, event.data)


def _complete(view: BuildView, event: BuildEvent) -> BuildView:
    view = _with_statistics(view, event.data.get("statistics"))
    diff = event.data.get("diff")
    return replace(
        view,
        diff=diff if isinstance(diff, dict) else {},
        outcome=event.type,
        widget_id=_text(event, "widget_id") or view.widget_id,
        embed_snippet=_text(event, "embed_snippet"),
        preview_url=_text(event, "preview_url"),
    )


def _stop(view: BuildView, event: BuildEvent) -> BuildView:
    view = _with_statistics(view, event.data.get("statistics"))
    for stage, known in view.stages.items():
        if known.status is StageStatus.running:
            view = _with_stage(view, stage, status=StageStatus.stopped, ended=event.at)
    failed = event.type is EventType.builder_failed
    error = (event.detail or event.message) if failed else None
    return replace(view, outcome=event.type, error=error, remedy=_text(event, "remedy"))


_FAILURES = {EventType.scraping_failed, EventType.embedding_failed, EventType.storage_failed}

_STEPS: dict[EventType, Callable[[BuildView, BuildEvent], BuildView]] = {
    EventType.builder_started: _start,
    EventType.theme_generation_started: _begin_theme,
    EventType.theme_generation_completed: _end_theme,
    EventType.theme_generation_failed: _end_theme,
    EventType.url_extraction_started: _begin_extraction,
    EventType.url_extraction_progress: _extract,
    EventType.url_extraction_completed: _end_extraction,
    EventType.parallel_processing_started: _begin_processing,
    EventType.parallel_processing_completed: _end_processing,
    EventType.scraping_progress: _count_pages,
    EventType.embedding_progress: _count_pages,
    EventType.storage_progress: _count_pages,
    EventType.widget_ready: _get_ready,
    EventType.builder_completed: _complete,
    EventType.builder_failed: _stop,
    EventType.builder_cancelled: _stop,
    **dict.fromkeys(_FAILURES, _fail_page),
}


def _with_stage(view: BuildView, stage: Stage, **changes: Any) -> BuildView:
    return replace(view, stages={**view.stages, stage: replace(view.stages[stage], **changes)})


def _with_total(view: BuildView, total: int | None) -> BuildView:
    """Set the number of known pages on every stage: each is to process all of them."""
    if total is None:
        return view
    return replace(view, stages={stage: replace(known, total=total) for stage, known in view.stages.items()})


def _note_failure(view: BuildView, failure: Failure) -> BuildView:
    key = (failure.stage, failure.cause)
    if key not in view.causes and len(view.causes) >= MAX_CAUSES:
        key = (failure.stage, "other causes")
    known = view.causes.get(key, Cause(0, failure.url))
    return replace(
        view,
        failures=(*view.failures, failure)[-RECENT_FAILURES:],
        causes={**view.causes, key: replace(known, count=known.count + 1)},
    )


def _with_statistics(view: BuildView, data: object) -> BuildView:
    """Replace the counters from progress events by the build's final ones."""
    try:
        numbers = Statistics.model_validate(data)
    except ValidationError:
        return view
    counted = {
        Stage.scraping: (numbers.scraped_pages, numbers.total_urls, numbers.failed_scrapes),
        Stage.embedding: (numbers.embedded_pages, numbers.scraped_pages, numbers.failed_embeddings),
        Stage.storage: (numbers.stored_pages, numbers.embedded_pages, numbers.failed_stores),
    }
    for stage, (done, total, failed) in counted.items():
        view = _with_stage(view, stage, done=done, total=total, failed=failed)
    view = replace(view, skipped=dict(numbers.skipped) or view.skipped)
    return _with_performance(view, data.get("performance") if isinstance(data, dict) else None)


def _with_performance(view: BuildView, data: object) -> BuildView:
    if not isinstance(data, dict):
        return view
    measured = data.get("stages")
    for name, numbers in measured.items() if isinstance(measured, dict) else ():
        if name in view.stages and isinstance(numbers, dict):
            seconds, rate = _number(numbers, "seconds"), _number(numbers, "pages_per_s")
            view = _with_stage(view, Stage(name), measured_s=seconds, measured_rate=rate)
    return replace(view, byte_count=_count(data, "bytes"), token_count=_count(data, "tokens"))


def _text(event: BuildEvent, name: str) -> str | None:
    value = event.data.get(name)
    return value if isinstance(value, str) else None


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    return float(value) if isinstance(value, int | float) else None


def _count(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    return value if isinstance(value, int) else None


def _counts(data: object) -> dict[str, int]:
    return {str(k): v for k, v in data.items() if isinstance(v, int)} if isinstance(data, dict) else {}
