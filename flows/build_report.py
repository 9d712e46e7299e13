"""The summary of a build for its run in Prefect's UI: links, statistics, the diff, and causes of failures with pages.

Addresses and causes quote the site: no text of theirs is read as Markdown.
"""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import httpx
from prefect.artifacts import acreate_markdown_artifact
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

from flows.progress import Progress
from tasks.core.database import Pool
from tasks.core.models import Job
from tasks.core.settings import Settings
from tasks.records.failed_pages import PageCause, read_causes

KEY = "build"
TIMEOUT_S = 10.0
"""Seconds that Prefect's server has to take it: the build does not depend on it."""
_URL_SAFE = "/:?&=%#@+,;~!$-._"


async def publish_summary(settings: Settings, pool: Pool, job: Job, progress: Progress) -> None:
    """Attach the summary to the run; while Prefect's server is out of reach, the run goes without one."""
    text = summarize_build(settings, job, progress, await read_causes(pool, job.build_id))
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await acreate_markdown_artifact(text, key=KEY, description=f"Build of {job.request.url}")
    except (httpx.HTTPError, PrefectException, TimeoutError) as error:
        get_run_logger().warning("The build's summary could not be sent to Prefect: %s", error)


def summarize_build(settings: Settings, job: Job, progress: Progress, causes: list[PageCause]) -> str:
    """Return the summary as Markdown."""
    return "\n".join(
        [*_head(settings, job, progress), *_stages(progress), *_diff(progress), *_answers(progress), *_causes(causes)]
    )


def _head(settings: Settings, job: Job, progress: Progress) -> Iterator[str]:
    origin = settings.origin
    yield f"**{progress.outcome or 'ended'}** after {progress.seconds:.1f} s"
    if progress.stopped:
        yield f"\nStopped early: {_plain(progress.stopped)}"
    yield f"\n{_link(job.request.url)}"
    yield f"\n[Preview]({origin}/preview/{job.widget_id}) · [Console]({origin}/console) · widget `{job.widget_id}`\n"


def _stages(progress: Progress) -> Iterator[str]:
    yield "| stage | passed | failed | seconds |"
    yield "|---|---:|---:|---:|"
    for stage, meter in progress.meters.items():
        yield f"| {stage} | {meter.done} | {meter.failed} | {meter.performance['seconds']:.1f} |"


def _diff(progress: Progress) -> Iterator[str]:
    if (diff := progress.diff) is not None:
        yield "\n| added | changed | removed | unchanged |"
        yield "|---:|---:|---:|---:|"
        yield f"| {diff.added} | {diff.changed} | {diff.removed} | {diff.unchanged} |"


def _answers(progress: Progress) -> Iterator[str]:
    if (answers := progress.answers) is not None and answers.questions:
        right = f"{answers.right_after} answered right, {answers.right_before} by the build before"
        yield f"\n{len(answers.questions)} questions asked: {right}.\n"
        for question in answers.lost:
            yield f"- no longer: {_plain(question)}"


def _causes(causes: list[PageCause]) -> Iterator[str]:
    if causes:
        yield "\n| pages | not used because | for example |"
        yield "|---:|---|---|"
    for each in causes:
        yield f"| {each.count} {each.status} | {_plain(each.cause)} | {' '.join(map(_link, each.urls))} |"


def _link(url: str) -> str:
    """Return a link whose text and target cannot end early: brackets, pipes and spaces are percent-encoded."""
    return f"<{quote(url, safe=_URL_SAFE)}>"


def _plain(text: str) -> str:
    """Return the text as code, in which nothing is markup."""
    plain = " ".join(text.replace("`", "'").replace("|", "/").split())
    return f"`{plain}`" if plain else "–"
