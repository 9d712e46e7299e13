"""Extract stage: fetch pages of the site and list their links."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.core.boundaries import page_failure
from tasks.core.errors import PageError
from tasks.core.models import ChunkedPage, ExtractedUrl, Target
from tasks.records.prior_pages import PriorPages
from tasks.retries import RETRY_FACTOR_S, batch_name, is_retriable
from tasks.web.crawl.links import links_of
from tasks.web.reader import Web
from tasks.web.revisiting import fetch_or_reuse

Deliver = Callable[[ExtractedUrl], Awaitable[None]]


@dataclass
class ExtractBatch:
    """URLs for one task run; a retry continues with the remaining ones."""

    left: list[Target]
    """URLs without a final result."""
    failures: dict[str, PageError] = field(default_factory=dict)
    """The latest retriable failure, by URL."""

    @property
    def name(self) -> str:
        """The batch's name in Prefect's UI."""
        return batch_name([target.url for target in self.left])


async def extract_pages(batch: ExtractBatch, web: Web, prior: PriorPages, deliver: Deliver) -> None:
    """Fetch the remaining URLs of the batch; deliver each page or its final failure as soon as it is known.

    Raises:
        PageError: the last retriable failure; the URLs with such failures stay in the batch.
    """
    retriable: PageError | None = None
    for target in tuple(batch.left):
        try:
            found = await _extract(target, web, prior)
        except Exception as error:  # noqa: BLE001 one page's failure, whatever it is
            failure = page_failure(error, target.url)
            if failure.retriable:
                batch.failures[target.url] = retriable = failure
                continue
            found = ExtractedUrl(target=target, error=failure)
        batch.left.remove(target)
        await deliver(found)
    if retriable is not None:
        raise retriable


async def _extract(target: Target, web: Web, prior: PriorPages) -> ExtractedUrl:
    page = await fetch_or_reuse(target, web, prior)
    if isinstance(page, ChunkedPage):
        return ExtractedUrl(target=target, reused=page, links=page.links or ())
    return ExtractedUrl(target=target, page=page, links=await web.parse(page.html, links_of, page))


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
async def extract(name: str, batch: ExtractBatch, web: Web, prior: PriorPages, deliver: Deliver) -> None:
    """Run `extract_pages` as a Prefect task named after its URLs."""
    await extract_pages(batch, web, prior, deliver)
