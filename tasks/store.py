"""Store stage: write pages with their chunks and vectors to the database."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.core.boundaries import failure_as
from tasks.core.database import Pool
from tasks.core.errors import StoreFailed
from tasks.core.models import EmbeddedPage, Job
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.retries import RETRY_FACTOR_S, is_retriable


async def store_batch(pages: Sequence[EmbeddedPage], pool: Pool, job: Job) -> dict[str, StoreFailed]:
    """Store the pages; return the failures by URL.

    A batch is one transaction. If the database rejects it, each page is stored in a transaction of its own, so that
    one bad page does not fail the others.

    Raises:
        StoreFailed: the database cannot be reached; a retry may succeed.
        BuildEnded: the build has ended meanwhile; nothing was written.
    """
    try:
        await store_pages(pool, job.build_id, pages, job.attempt)
    except StoreFailed as error:
        if error.retriable:
            raise
        return await _store_singly(pages, pool, job)
    except Exception as error:  # noqa: BLE001 one of the pages is the cause, whatever it is
        failure_as(StoreFailed, error, f"{len(pages)} pages are stored one by one")
        return await _store_singly(pages, pool, job)
    return {}


async def _store_singly(pages: Sequence[EmbeddedPage], pool: Pool, job: Job) -> dict[str, StoreFailed]:
    failures = {}
    for page in pages:
        try:
            await store_pages(pool, job.build_id, [page], job.attempt)
        except StoreFailed as error:
            if error.retriable:
                raise
            failures[page.chunked.page.target.url] = error
        except Exception as error:  # noqa: BLE001 this page's failure, whatever it is
            url = page.chunked.page.target.url
            failures[url] = failure_as(StoreFailed, error, url)
    return failures


@task(
    name="store",
    task_run_name="store {name}",
    tags=["store"],
    retries=4,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retriable,
    cache_policy=NO_CACHE,
)
async def store(name: str, pages: Sequence[EmbeddedPage], pool: Pool, job: Job) -> dict[str, StoreFailed]:
    """Run `store_batch` as a Prefect task named after its pages."""
    return await store_batch(pages, pool, job)
