"""What a build keeps of what it reads: the counters add up whichever pages replace each other, and when."""

import asyncio
from types import SimpleNamespace
from typing import Any

from flows.admission import Admission
from flows.progress import Progress
from flows.start_page import Site
from tasks.core.database import Pool
from tasks.core.events import Stage
from tasks.core.models import ChunkedPage, Link, Target
from tasks.records.crawl_record import CrawlRecord
from tasks.web.crawl.duplicates import Duplicates
from tasks.web.crawl.fingerprints import fingerprint_of
from tasks.web.crawl.frontier import Frontier
from tasks.web.crawl.scope import Scope
from tests.knowledge.material import SITE, new_job, page_of

TEXT = " ".join(f"Sentence {word} says something of its own about gardens." for word in "abcdefghijklmnop")


def same_page(target: Target) -> ChunkedPage:
    """A page that says what the others say, under its own address."""
    page = page_of(target.url.removeprefix(SITE), [TEXT]).chunked
    read = page.page.model_copy(update={"target": target})
    return page.model_copy(update={"page": read, "fingerprint": fingerprint_of(read)})


async def test_a_page_that_is_replaced_while_it_replaces_another_is_taken_back_once(pool: Pool) -> None:
    """The plainest of three addresses is kept, and counted once."""
    job = await new_job(pool)
    progress = Progress(pool, job, None)
    frontier = Frontier(Scope(f"{SITE}/"), 2, 100)
    frontier.restore(Target(url=f"{SITE}/", depth=0), has_place=True, is_open=True)
    frontier.record_links(0, 0, [Link(f"{SITE}{path}") for path in ("/a?print=1", "/a/b/c", "/a/b")])
    targets = {target.url.removeprefix(SITE): target for target in frontier.admit_next()}
    web = SimpleNamespace(set_redirect_claim=lambda _: None, probe=lambda _: asyncio.sleep(0))
    space: Any = SimpleNamespace(
        pool=pool, job=job, progress=progress, web=web, crawl_record=CrawlRecord(pool, job.build_id)
    )

    async def spread(_: list[Target]) -> None:
        """Nothing is read here."""

    admission = Admission(space, Site(frontier, None, [], Duplicates(), ""), spread, lambda: True)

    async def read(path: str) -> str | None:
        kept = await admission.read(targets[path], same_page(targets[path]))
        if kept is not None:
            await progress.passed(Stage.scraping)
        return kept and kept.page.url

    assert await read("/a?print=1") == f"{SITE}/a?print=1"
    # The second is at work on replacing the first when the third comes.
    assert await asyncio.gather(read("/a/b/c"), read("/a/b")) == [None, f"{SITE}/a/b"]
    for stage in (Stage.embedding, Stage.storage):
        assert await admission.passed(stage, targets["/a/b"])
    assert progress.statistics.adds_up
    assert (progress.statistics.stored_pages, progress.statistics.skipped) == (1, {"duplicate": 2})
