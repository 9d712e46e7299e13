"""The pipeline of a build: extract → scrape → embed → store, streaming through bounded queues.

A page is fetched once: scraping reads what extraction fetched; leaves go to scraping unfetched. A page's
failure is counted, reported and recorded; any other exception ends the build.
"""

import asyncio
from collections.abc import Iterator

from flows.admission import Admission
from flows.build_trace import traced_stage
from flows.extract_stage import ExtractStage
from flows.knowledge_stages import EmbedStage, StoreStage
from flows.lane_growth import adapt_lanes
from flows.lanes import Channel, Slot
from flows.scrape_stage import ScrapeStage
from flows.start_page import OpenedSite
from flows.workspace import Workspace
from tasks.core.events import Stage
from tasks.core.models import ChunkedPage, EmbeddedPage, ExtractedUrl, Target


class Pipeline:
    """The stages of one build."""

    def __init__(self, space: Workspace, site: OpenedSite, slot: Slot) -> None:
        self._space = space
        self._site = site
        self._admission = admission = Admission(space, site)
        self._found: Channel[ExtractedUrl] = Channel()
        chunked: Channel[ChunkedPage] = Channel()
        embedded: Channel[EmbeddedPage] = Channel()
        self._extract = ExtractStage(space, admission, slot, self._found)
        self._scrape = ScrapeStage(space, admission, slot, self._found, chunked, site_title=site.title)
        self._embed = EmbedStage(space, admission, slot, chunked, embedded)
        self._store = StoreStage(space, admission, slot, embedded)
        space.progress.lanes = (*self._extract.lanes, self._scrape.lanes, self._embed.lanes, self._store.lanes)

    async def run(self) -> None:
        """Read the site, from its home page and from the URLs an earlier attempt left open.

        Raises:
            ExceptionGroup: with the errors that ended the build.
        """
        adapting = asyncio.create_task(adapt_lanes(self._space, self._space.progress.lanes))
        try:
            async with asyncio.TaskGroup() as stages:
                stages.create_task(self._admit_urls())
                for stage, name, work in self._stages():
                    stages.create_task(traced_stage(stage, name, self._space.progress, work.run()))
        finally:
            adapting.cancel()
            await asyncio.gather(adapting, return_exceptions=True)
        await self._admission.settle()

    def _stages(self) -> Iterator[tuple[Stage, str, ExtractStage | ScrapeStage | EmbedStage | StoreStage]]:
        """Yield each stage with the name of its span."""
        yield Stage.url_extraction, "extract", self._extract
        yield Stage.scraping, "scrape", self._scrape
        yield Stage.embedding, "embed", self._embed
        yield Stage.storage, "store", self._store

    async def _admit_urls(self) -> None:
        """Queue URLs until the frontier is exhausted.

        In a task of its own: the lanes that find URLs must not wait for room in the queues that they empty.
        """
        async with asyncio.TaskGroup() as group:
            if self._admission.expect_hints():
                group.create_task(self._admission.find_hints())
            if self._site.home is not None:
                await self._extract.deliver(self._site.home)
            async for targets in self._admission:
                if not targets and self._is_idle:
                    self._admission.skip_blocking_pages()
                for target in targets:
                    await self._queue(target)
        await self._extract.close()

    async def _queue(self, target: Target) -> None:
        if self._site.frontier.is_leaf(target):
            await self._space.progress.count_extracted("unfetched", len(self._found.waiting))
            await self._found.put(ExtractedUrl(target=target))
        else:
            await self._extract.put(target)

    @property
    def _is_idle(self) -> bool:
        """Whether no URL waits for a lane of extraction or scraping."""
        return self._extract.is_idle and not self._found.waiting
