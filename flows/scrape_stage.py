"""The scrape stage: reads the content of pages that extraction fetched, and fetches leaves itself."""

from collections.abc import Callable, Sequence
from itertools import takewhile

from flows.admission import Admission
from flows.lanes import Channel, Lanes, Slot
from flows.runs import run_task
from flows.url_batches import BATCH_S, Pace, share_of_lane
from flows.workspace import Workspace
from tasks.core.boundaries import page_failure
from tasks.core.errors import PageError, PageSkipped
from tasks.core.events import Stage
from tasks.core.models import ChunkedPage, ExtractedUrl, Target
from tasks.core.traces import trace
from tasks.reading import ReadOptions
from tasks.scrape import ScrapeBatch, scrape
from tasks.web.reader import READERS

URL_LINGER_S = 0.2
"""Longest time in seconds that a batch of URLs waits to fill up."""


class ScrapeStage:
    """Lanes that turn found URLs into pages in chunks."""

    def __init__(
        self,
        space: Workspace,
        admission: Admission,
        slot: Slot,
        source: Channel[ExtractedUrl],
        following: Channel[ChunkedPage],
        *,
        site_title: str,
    ) -> None:
        settings = space.settings
        self._space = space
        self._admission = admission
        self._source = source
        self._following = following
        self._fetch_pace = Pace()
        self._reading = 0
        """Lanes at work on pages that are fetched."""
        self._options = ReadOptions(
            model=space.embedder.model,
            timeout_s=settings.page_timeout_s,
            chunk_tokens=settings.chunk_tokens,
            site_title=site_title,
            read_noindex=settings.read_noindex,
            read_noindex_paths=space.job.request.read_noindex_paths or (),
            render=settings.render,
        )
        self.lanes = Lanes(
            "scrape",
            source,
            settings.max_lanes["scrape"],
            self._scrape,
            slot,
            portion=self._portion,
            linger_s=URL_LINGER_S,
            adaptive=settings.adaptive,
        )

    async def run(self) -> None:
        """Scrape until the source is exhausted; then close the following queue."""
        await self.lanes.run()
        await self._space.progress.emit_progress(Stage.scraping, is_last=True)
        await self._following.close()

    def _portion(self, waiting: Sequence[ExtractedUrl]) -> int:
        """URLs to fetch are shared among all lanes; fetched pages gather while the reading processes are busy."""
        if fetched := _count_while(_is_fetched, waiting):
            return share_of_lane(fetched, READERS + 1) if self._reading <= READERS else 0
        to_fetch = _count_while(lambda found: not _is_fetched(found), waiting)
        lanes = self._space.settings.max_lanes["scrape"]
        return max(share_of_lane(to_fetch, lanes), self._fetch_pace.within(BATCH_S))

    async def _scrape(self, items: list[ExtractedUrl]) -> None:
        self._space.progress.meters[Stage.scraping].start()
        for found in items:
            if found.reused is not None:
                self._space.progress.reused["not_sent"] += 1
                await self._deliver(found.target, found.reused)
        items = [found for found in items if found.reused is None and await self._is_to_be_read(found)]
        if not items:
            return
        if _is_fetched(items[0]):
            self._reading += 1
            try:
                await self._scrape_batch(ScrapeBatch(items))
            finally:
                self._reading -= 1
                await self._source.wake_waiters()
        else:
            with self._fetch_pace.measure(len(items)):
                await self._scrape_batch(ScrapeBatch(items))

    async def _is_to_be_read(self, found: ExtractedUrl) -> bool:
        return found.page is not None or await self._admission.claim_to_fetch(found.target)

    async def _scrape_batch(self, batch: ScrapeBatch) -> None:
        if len(batch.left) > 1:
            await self._run_scrape(batch)
        # A page that failed gets a task run of its own: Prefect shows its cause, and retries it where that may help.
        for alone in batch.split():
            try:
                await self._run_scrape(alone)
            except PageError as error:
                await self._admission.record_failure(Stage.scraping, alone.left[0].target, error)

    async def _run_scrape(self, batch: ScrapeBatch) -> None:
        space, deliver, options = self._space, self._deliver, self._options
        with trace("scrape batch", pages=len(batch.left)):
            await run_task(scrape, batch.name, batch, space.web, space.prior, space.processes, deliver, options)

    async def _deliver(self, target: Target, page: ChunkedPage | PageSkipped) -> None:
        """Hand a page on if it is kept."""
        if isinstance(page, PageSkipped):
            await self._admission.skip(target, page)
            return
        try:
            kept = await self._admission.keep_page(target, page)
        except Exception as error:  # noqa: BLE001 one page's failure, whatever it is
            await self._admission.record_failure(Stage.scraping, target, page_failure(error, target.url))
            return
        if kept:
            progress = self._space.progress
            progress.byte_count += kept.page.byte_count
            progress.token_count += kept.token_count
            await progress.count_passed(Stage.scraping)
            self._space.site_facts.add(kept.page.url, kept.page.facts)
            await self._following.put(kept)


def _is_fetched(found: ExtractedUrl) -> bool:
    """Whether extraction has fetched the page, or found that it is the stored one."""
    return found.page is not None or found.reused is not None


def _count_while(holds: Callable[[ExtractedUrl], bool], waiting: Sequence[ExtractedUrl]) -> int:
    return sum(1 for _ in takewhile(holds, waiting))
