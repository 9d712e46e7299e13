"""The pipeline of a build: extract → scrape → embed → store, streaming through bounded queues.

A page is fetched once: what extraction fetched, scraping reads; leaves go to scraping unfetched. One
page's failure is counted, reported and kept; whatever else is raised ends the build.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import takewhile
from typing import Any, TypeVar

from flows.admission import Admission
from flows.lanes import QUEUE_SIZE, Channel, Lanes, Pace, Slot
from flows.runs import run_task
from flows.start_page import Site
from flows.workspace import CHILDREN, Workspace
from tasks.core.errors import EmbeddingFailed, PageError, PageSkipped, StoreFailed
from tasks.core.events import EventType, Stage
from tasks.core.models import ChunkedPage, EmbeddedPage, FetchMethod, Found, Target
from tasks.embed import embed
from tasks.extract import ExtractBatch, extract
from tasks.reading import ReadOptions
from tasks.records.publication import activate_build
from tasks.retries import batch_name
from tasks.scrape import ScrapeBatch, scrape
from tasks.store import store

T = TypeVar("T")

URL_BATCH = 20
"""Most URLs of one `extract` or `scrape` task run."""
BATCH_S = 2.0
"""What such a task run takes at least, if the site is quick: a run for each page would cost more than the page."""
PAGE_BATCH = 32
"""Most pages of one `embed` or `store` task run."""
FIRST_LINGER_S = 0.2
"""How long the first batch of pages waits to fill up: there is a widget that wants to answer …"""
LINGER_S = 1.5
"""… and later ones."""
URL_LINGER_S = 0.2
"""The same for URLs."""
COUNT_AGAIN = 4
"""Each time a build has so many times the pages, its words are counted again: meanwhile it answers already."""


class Pipeline:
    """The stages of one build."""

    def __init__(self, space: Workspace, site: Site, slot: Slot) -> None:
        self._space = space
        self._site = site
        self._frontier = site.frontier
        self._admission = Admission(space, site, self._spread, self._is_idle)
        self._slot = slot
        self._counted_pages = 0
        self._extract_pace, self._fetch_pace = Pace(), Pace()
        self._reading = 0
        """Lanes at work on pages in hand."""
        self._extracting: dict[FetchMethod, Channel[Target]] = {method: Channel(size=None) for method in FetchMethod}
        self._scraping: Channel[Found] = Channel()
        self._embedding: Channel[ChunkedPage] = Channel()
        self._storing: Channel[EmbeddedPage] = Channel()

    async def run(self) -> None:
        """Read the site, from its home page and from the URLs an earlier attempt left open.

        Raises:
            ExceptionGroup: of what ended the build.
        """
        async with asyncio.TaskGroup() as stages:
            stages.create_task(self._let_in())
            stages.create_task(self._extract_all())
            stages.create_task(self._serve(self._scrape_lanes(), Stage.scraping, self._embedding))
            stages.create_task(self._serve(self._embed_lanes(), Stage.embedding, self._storing))
            stages.create_task(self._serve(self._store_lanes(), Stage.storage, None))
        await self._admission.settle()

    async def _let_in(self) -> None:
        """Let URLs in, from the home page on, until all have been found."""
        has_hints = self._site.home is not None and self._frontier.max_depth > 0
        if has_hints:
            self._frontier.expect_hints()
        async with asyncio.TaskGroup() as group:
            if has_hints:
                group.create_task(self._admission.find_hints())
            if self._site.home is not None:
                await self._deliver(self._site.home)
            await self._spread(self._site.left_open)
            await self._admission.usher()
        for channel in self._extracting.values():
            await channel.close()

    # Lanes

    async def _extract_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for lanes in self._extract_lanes():
                group.create_task(lanes.run())
        await self._admission.tell_traps()
        progress = self._space.progress
        await progress.tell(
            EventType.url_extraction_completed,
            f"{progress.known_urls} pages found",
            total_urls=progress.known_urls,
            by_method=progress.by_method,
            rendering=self._space.web.rendering,
            skipped=progress.statistics.skipped,
        )
        await self._scraping.close()

    async def _serve(self, lanes: Lanes[Any], stage: Stage, following: Channel[Any] | None) -> None:
        await lanes.run()
        await self._space.progress.report(stage)
        if following is not None:
            await following.close()

    def _extract_lanes(self) -> list[Lanes[Target]]:
        settings = self._space.settings
        browser, http = self._extracting[FetchMethod.browser], self._extracting[FetchMethod.http]
        return [
            Lanes(
                "extract-browser",
                browser,
                settings.max_lanes["extract-browser"],
                self._extract,
                self._slot,
                adaptive=settings.adaptive,
            ),
            Lanes(
                "extract-http",
                http,
                settings.max_lanes["extract-http"],
                self._extract_over_http,
                self._slot,
                portion=self._extract_portion,
                adaptive=settings.adaptive,
            ),
        ]

    def _scrape_lanes(self) -> Lanes[Found]:
        settings = self._space.settings
        return Lanes(
            "scrape",
            self._scraping,
            settings.max_lanes["scrape"],
            self._scrape,
            self._slot,
            portion=self._scrape_portion,
            linger_s=URL_LINGER_S,
            adaptive=settings.adaptive,
        )

    def _extract_portion(self, waiting: Sequence[Target]) -> int:
        if sum(_is_in_hand(found) for found in self._scraping.waiting) > QUEUE_SIZE // 2:
            # The readers are behind: nothing is won by sharing out.
            return URL_BATCH
        most = self._space.settings.max_lanes["extract-http"]
        return max(_share(len(waiting), most), self._extract_pace.within(BATCH_S))

    def _scrape_portion(self, waiting: Sequence[Found]) -> int:
        """Pages to be fetched are shared among all lanes; pages in hand gather while the readers have enough to do."""
        if in_hand := _count_while(_is_in_hand, waiting):
            return _share(in_hand, CHILDREN + 1) if self._reading <= CHILDREN else 0
        to_fetch = _count_while(lambda found: not _is_in_hand(found), waiting)
        return max(_share(to_fetch, self._space.settings.max_lanes["scrape"]), self._fetch_pace.within(BATCH_S))

    def _embed_lanes(self) -> Lanes[ChunkedPage]:
        return self._page_lanes("embed", self._embedding, self._embed)

    def _store_lanes(self) -> Lanes[EmbeddedPage]:
        return self._page_lanes("store", self._storing, self._store)

    def _page_lanes(self, limit: str, source: Channel[T], work: Callable[[list[T]], Awaitable[None]]) -> Lanes[T]:
        return Lanes(
            limit,
            source,
            self._space.settings.max_lanes[limit],
            work,
            self._slot,
            portion=lambda _waiting: PAGE_BATCH,
            first_linger_s=FIRST_LINGER_S,
            linger_s=LINGER_S,
            adaptive=self._space.settings.adaptive,
        )

    # Extraction

    async def _extract(self, targets: list[Target]) -> None:
        self._space.progress.meters[Stage.url_extraction].start()
        left = [target for target in targets if not await self._is_known_already(target)]
        if not left:
            return
        batch = ExtractBatch(left)
        try:
            await run_task(extract, batch.name, batch, self._space.web, self._deliver)
        except PageError:
            for target in tuple(batch.left):
                await self._deliver(Found(target=target, error=batch.failures[target.url].as_final()))

    async def _is_known_already(self, target: Target) -> bool:
        """Leave a URL out, before it is fetched, whose page was reached under another address meanwhile."""
        if skipped := self._admission.known_already(target):
            await self._admission.found(Found(target=target, error=skipped), was_asked=False)
        return skipped is not None

    async def _extract_over_http(self, targets: list[Target]) -> None:
        with self._extract_pace.measure(len(targets)):
            await self._extract(targets)

    async def _deliver(self, found: Found) -> None:
        """Hand on what extraction has; what it found is known by then."""
        if kept := await self._admission.found(found):
            method = kept.page.method if kept.page else "failed"
            await self._space.progress.extracted(method, len(self._scraping.waiting))
            await self._scraping.put(kept)

    async def _spread(self, targets: Sequence[Target]) -> None:
        for target in targets:
            if self._frontier.is_leaf(target):
                await self._space.progress.extracted("unfetched", len(self._scraping.waiting))
                await self._scraping.put(Found(target=target))
            else:
                await self._extracting[self._space.web.method_for(target)].put(target)

    def _is_idle(self) -> bool:
        return not self._scraping.waiting and not any(channel.waiting for channel in self._extracting.values())

    # Scraping, embedding, storing

    async def _scrape(self, items: list[Found]) -> None:
        self._space.progress.meters[Stage.scraping].start()
        items = [found for found in items if found.page or not await self._is_known_already(found.target)]
        if not items:
            return
        if _is_in_hand(items[0]):
            self._reading += 1
            try:
                await self._scrape_batch(ScrapeBatch(items))
            finally:
                self._reading -= 1
                await self._scraping.nudge()
        else:
            with self._fetch_pace.measure(len(items)):
                await self._scrape_batch(ScrapeBatch(items))

    async def _scrape_batch(self, batch: ScrapeBatch) -> None:
        if len(batch.left) > 1:
            await self._run_scrape(batch)
        # What failed gets a task run of its own: seen in Prefect with its cause, and retried where that may help.
        for alone in batch.split():
            try:
                await self._run_scrape(alone)
            except PageError as error:
                await self._admission.failed(Stage.scraping, alone.left[0].target, error)

    async def _run_scrape(self, batch: ScrapeBatch) -> None:
        space = self._space
        await run_task(
            scrape,
            batch.name,
            batch,
            space.web,
            space.processes,
            self._pass_on,
            ReadOptions(
                model=space.embedder.model,
                timeout_s=space.settings.page_timeout_s,
                chunk_tokens=space.settings.chunk_tokens,
                site_title=self._site.title,
            ),
        )

    async def _pass_on(self, target: Target, page: ChunkedPage | PageSkipped) -> None:
        """Hand on what scraping has read, unless another page says it."""
        if isinstance(page, PageSkipped):
            await self._admission.skip(target, page)
        elif kept := await self._admission.read(target, page):
            progress = self._space.progress
            progress.byte_count += kept.page.byte_count
            progress.token_count += kept.token_count
            await progress.passed(Stage.scraping)
            await self._embedding.put(kept)

    async def _embed(self, pages: list[ChunkedPage]) -> None:
        space = self._space
        space.progress.meters[Stage.embedding].start()
        pages = [page for page in pages if self._admission.is_kept(page)]
        if not pages:
            return
        results = await run_task(embed, _name(pages), pages, space.pool, space.embedder)
        for page, result in zip(pages, results, strict=True):
            target = page.page.target
            if isinstance(result, EmbeddingFailed):
                await self._admission.failed(Stage.embedding, target, result, page.page.url)
            elif await self._admission.passed(Stage.embedding, target):
                await self._storing.put(result)

    async def _store(self, pages: list[EmbeddedPage]) -> None:
        space = self._space
        space.progress.meters[Stage.storage].start()
        pages = [page for page in pages if self._admission.is_kept(page.chunked)]
        if not pages:
            return
        name = _name([page.chunked for page in pages])
        try:
            failures = await run_task(store, name, pages, space.pool, space.job.build_id)
        except StoreFailed as error:
            failures = {page.chunked.page.target.url: error for page in pages}
        for page in pages:
            target = page.chunked.page.target
            if failure := failures.get(target.url):
                await self._admission.failed(Stage.storage, target, failure, page.chunked.page.url)
            else:
                await self._admission.passed(Stage.storage, target)
        await self._let_answer()

    async def _let_answer(self) -> None:
        """A new widget answers from its first pages; one that has knowledge keeps it till the end."""
        space = self._space
        pages = space.progress.statistics.stored_pages
        if not pages or pages < COUNT_AGAIN * self._counted_pages:
            return
        self._counted_pages = pages
        if await activate_build(space.pool, space.job, replace=False):
            await space.progress.tell(
                EventType.widget_ready,
                "The widget can answer from its first pages",
                widget_id=str(space.job.widget_id),
                pages=pages,
            )


def _is_in_hand(found: Found) -> bool:
    """Whether extraction has fetched the page."""
    return found.page is not None


def _count_while(holds: Callable[[Found], bool], waiting: Sequence[Found]) -> int:
    return sum(1 for _ in takewhile(holds, waiting))


def _share(waiting: int, lanes: int) -> int:
    """How many of the URLs that wait one lane takes: few are shared out; many make batches, which cost Prefect less.

    Rounded down: what is left over comes after all others, not second in the first lane's batch.
    """
    return min(URL_BATCH, max(1, waiting // lanes))


def _name(pages: Sequence[ChunkedPage]) -> str:
    return batch_name([page.page.target.url for page in pages])
