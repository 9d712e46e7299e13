"""Extraction: fetch a page of the site and list the links on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.core.errors import PageError
from tasks.core.models import Found, Target
from tasks.retries import RETRY_FACTOR_S, batch_name, is_retriable
from tasks.web.crawl.links import links_of
from tasks.web.reader import Web

Deliver = Callable[[Found], Awaitable[None]]


@dataclass
class ExtractBatch:
    """URLs one task run works through; a retry goes on with those that are left."""

    left: list[Target]
    failures: dict[str, PageError] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a person sees of the batch in Prefect's UI."""
        return batch_name([target.url for target in self.left])


async def extract_pages(batch: ExtractBatch, web: Web, deliver: Deliver) -> None:
    """Fetch what is left of the batch, delivering each page, or its final failure, as soon as it is known.

    Raises:
        PageError: the last failure that another try may mend; those pages stay in the batch.
    """
    retriable: PageError | None = None
    for target in tuple(batch.left):
        try:
            page = await web.fetch(target)
        except PageError as error:
            if error.retriable:
                batch.failures[target.url] = retriable = error
                continue
            found = Found(target=target, error=error)
        else:
            found = Found(target=target, page=page, links=links_of(page))
        batch.left.remove(target)
        await deliver(found)
    if retriable is not None:
        raise retriable


@task(
    name="extract",
    task_run_name="extract {name}",
    tags=["extract"],
    retries=2,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retriable,
    cache_policy=NO_CACHE,
)
async def extract(name: str, batch: ExtractBatch, web: Web, deliver: Deliver) -> None:
    """`extract_pages` as a Prefect task named after its URLs."""
    await extract_pages(batch, web, deliver)
