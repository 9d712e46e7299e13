"""Scraping: from a page of the site to its content in chunks."""

import asyncio
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.tasks import exponential_backoff

from tasks.core.errors import ContentFailed, PageSkipped
from tasks.core.models import ChunkedPage, FetchedPage, Found
from tasks.reading import read_in_chunks
from tasks.retries import RETRY_FACTOR_S, may_help
from tasks.web.reader import Web


async def scrape_page(found: Found, web: Web, processes: Executor, *, model: str, timeout_s: float) -> ChunkedPage:
    """The page in chunks; fetched here if extraction had no reason to.

    Raises:
        PageError: it could not be fetched (now or by extraction), read, or is left out on purpose.
    """
    if found.error is not None:
        raise found.error
    page = found.page or await web.fetch(found.target)
    return await _read(page, processes, model, timeout_s)


async def _read(page: FetchedPage, processes: Executor, model: str, timeout_s: float) -> ChunkedPage:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            return await loop.run_in_executor(processes, read_in_chunks, page, model)
    except TimeoutError as error:
        raise ContentFailed(f"reading it took longer than {timeout_s:g}s") from error
    except BrokenProcessPool as error:
        # Some page crashed the child that read it; its neighbours get another try.
        raise ContentFailed("the process that read it crashed", retriable=True) from error


@task(
    name="scrape",
    task_run_name="scrape {url}",
    tags=["scrape"],
    retries=2,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=may_help,
    cache_policy=NO_CACHE,
)
async def scrape(
    url: str, found: Found, web: Web, processes: Executor, *, model: str, timeout_s: float
) -> ChunkedPage | PageSkipped:
    """`scrape_page` as a Prefect task named after its URL; a skipped page is a result, not a failure."""
    try:
        return await scrape_page(found, web, processes, model=model, timeout_s=timeout_s)
    except PageSkipped as skipped:
        get_run_logger().info("%s left out (%s): %s", url, skipped.reason, skipped.message)
        return skipped
