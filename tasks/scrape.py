"""Scrape stage: a page becomes its main content, split into chunks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.core.boundaries import page_failure
from tasks.core.errors import CallFailed, ContentFailed, PageError, PageSkipped
from tasks.core.models import ChunkedPage, ExtractedUrl, FetchedPage, Target
from tasks.core.processes import Processes
from tasks.reading import ReadOptions, read_in_chunks
from tasks.records.prior_pages import PriorPages
from tasks.retries import RETRY_FACTOR_S, batch_name, is_retriable
from tasks.web.reader import Web
from tasks.web.revisiting import fetch_or_reuse

Deliver = Callable[[Target, ChunkedPage | PageSkipped], Awaitable[None]]


@dataclass
class ScrapeBatch:
    """Pages for one task run."""

    left: list[ExtractedUrl]
    """Pages not delivered: not read yet, or failed."""
    failures: dict[str, PageError] = field(default_factory=dict)
    """Failures by URL."""

    @property
    def name(self) -> str:
        """The batch's name in Prefect's UI."""
        return batch_name([found.target.url for found in self.left])

    def split(self) -> "list[ScrapeBatch]":
        """Return a batch for each remaining page. A page with a final failure carries it and is not read again."""
        return [ScrapeBatch([self._with_failure(found)]) for found in self.left]

    def _with_failure(self, found: ExtractedUrl) -> ExtractedUrl:
        failure = self.failures.get(found.target.url)
        return found if failure is None or failure.retriable else found.model_copy(update={"error": failure})


async def scrape_pages(
    batch: ScrapeBatch,
    web: Web,
    prior: PriorPages,
    processes: Processes,
    deliver: Deliver,
    options: ReadOptions,
) -> None:
    """Read the remaining pages of the batch; deliver each, or the reason it is skipped, as soon as it is known.

    The next page is fetched while one is being read, so that a slow site is requested without a pause.
    """
    waiting = iter(tuple(batch.left))
    ahead = _fetch_next(waiting, web, prior)
    try:
        while ahead is not None:
            found, fetching = ahead
            await asyncio.wait([fetching])
            ahead = _fetch_next(waiting, web, prior)
            result: ChunkedPage | PageSkipped
            try:
                result = await _read(found, fetching.result(), processes, options)
            except PageSkipped as skipped:
                result = skipped
            except Exception as error:  # noqa: BLE001 one page's failure, whatever it is
                batch.failures[found.target.url] = page_failure(error, found.target.url)
                continue
            batch.left.remove(found)
            await deliver(found.target, result)
    finally:
        if ahead is not None:
            ahead[1].cancel()
            await asyncio.wait([ahead[1]])


def _fetch_next(
    waiting: Iterator[ExtractedUrl], web: Web, prior: PriorPages
) -> tuple[ExtractedUrl, asyncio.Task[FetchedPage | ChunkedPage]] | None:
    found = next(waiting, None)
    return None if found is None else (found, asyncio.create_task(_fetch(found, web, prior)))


async def _fetch(found: ExtractedUrl, web: Web, prior: PriorPages) -> FetchedPage | ChunkedPage:
    """Return the page from extraction; fetch a leaf, which extraction did not.

    Raises:
        PageError: the page could not be fetched (here or by extraction), or is skipped.
    """
    if found.error is not None:
        raise found.error
    return found.reused or found.page or await fetch_or_reuse(found.target, web, prior)


async def _read(
    found: ExtractedUrl, page: FetchedPage | ChunkedPage, processes: Processes, options: ReadOptions
) -> ChunkedPage:
    """Return the page in chunks, with its links if extraction has listed them; a stored one as it is."""
    if isinstance(page, ChunkedPage):
        return page
    read = await read_apart(page, processes, options)
    return read.model_copy(update={"links": found.links if found.page else None})


async def read_apart(page: FetchedPage, processes: Processes, options: ReadOptions) -> ChunkedPage:
    """Read a page in a child process.

    Raises:
        PageError: the page cannot be read within limits, or is skipped.
    """
    try:
        return await processes.call(options.limits, read_in_chunks, page, options)
    except CallFailed as error:
        raise ContentFailed(f"the page could not be read: {error.message}", retriable=error.retriable) from error


@task(
    name="scrape",
    task_run_name="scrape {name}",
    tags=["scrape"],
    retries=2,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retriable,
    cache_policy=NO_CACHE,
)
async def scrape(
    name: str,
    batch: ScrapeBatch,
    web: Web,
    prior: PriorPages,
    processes: Processes,
    deliver: Deliver,
    options: ReadOptions,
) -> None:
    """Run `scrape_pages` as a Prefect task named after its URLs; a single page's failure fails the run.

    Raises:
        PageError: the only page of the batch failed.
    """
    is_alone = len(batch.left) == 1
    await scrape_pages(batch, web, prior, processes, deliver, options)
    if is_alone and batch.left:
        raise batch.failures[batch.left[0].target.url]
