"""Scraping a batch of pages."""

import asyncio

import pytest

from tasks.core.errors import HttpStatus
from tasks.core.models import ChunkedPage, ExtractedUrl, FetchedPage, FetchMethod, Target
from tasks.core.processes import open_processes
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.reading import ReadOptions
from tasks.records.prior_pages import PriorPages
from tasks.scrape import ScrapeBatch, scrape_pages
from tasks.web.reader import READER_MODULE

NO_PAGES = PriorPages(pool=None, build_id=None, model="", reading="", max_depth=0)  # type: ignore[arg-type]


class Diary:
    """A site whose page `missing` is a 404, and a log of fetches and deliveries in order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def fetch(self, target: Target) -> FetchedPage:
        """Return the page."""
        self.done.append(f"fetch {target.url}")
        if target.url == "missing":
            raise HttpStatus(404)
        html = f"<title>{target.url}</title><main><h1>{target.url}</h1><p>Some words about {target.url}.</p></main>"
        return FetchedPage(
            target=target, final_url=target.url, method=FetchMethod.http, html=html, byte_count=len(html)
        )

    async def deliver(self, target: Target, page: object) -> None:
        """Record the delivery of a page."""
        assert isinstance(page, ChunkedPage)
        self.done.append(f"deliver {target.url}")


async def scrape(diary: Diary, *urls: str) -> ScrapeBatch:
    """Scrape a batch of the URLs and return it."""
    batch = ScrapeBatch([ExtractedUrl(target=Target(url=url, depth=1)) for url in urls])
    with open_processes(1, READER_MODULE) as executor:
        await scrape_pages(batch, diary, NO_PAGES, executor, diary.deliver, ReadOptions(LOCAL_MODEL, 30))  # type: ignore[arg-type]
    return batch


async def test_the_next_page_is_fetched_while_one_is_read() -> None:
    """Only the next one: a lane requests one page at a time."""
    diary = Diary()
    await scrape(diary, "a", "b", "c")
    assert diary.done == ["fetch a", "fetch b", "deliver a", "fetch c", "deliver b", "deliver c"]


async def test_a_page_that_fails_is_left_with_its_cause_and_the_others_are_read() -> None:
    """At any position in the batch."""
    for urls in (("missing", "a", "b"), ("a", "missing", "b"), ("a", "b", "missing")):
        diary = Diary()
        batch = await scrape(diary, *urls)
        assert [found.target.url for found in batch.left] == ["missing"]
        assert isinstance(batch.failures["missing"], HttpStatus)
        assert diary.done[-1] == "deliver b"


async def test_a_batch_that_is_cancelled_fetches_nothing_more() -> None:
    """No task of the batch is left running."""
    diary, stopped, before = Diary(), asyncio.Event(), asyncio.all_tasks()

    async def stop(*_: object) -> None:
        stopped.set()
        await asyncio.sleep(60)

    diary.deliver = stop  # type: ignore[method-assign]
    scraping = asyncio.create_task(scrape(diary, "a", "b", "c"))
    await stopped.wait()
    scraping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scraping
    assert diary.done == ["fetch a", "fetch b"]
    assert asyncio.all_tasks() <= before
