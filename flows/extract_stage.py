"""The extract stage: fetches pages whose links are followed, in the browser or over HTTP."""

import asyncio
from collections.abc import Sequence

from flows.admission import Admission
from flows.lanes import QUEUE_SIZE, Channel, Lanes, Slot
from flows.runs import run_task
from flows.url_batches import BATCH_S, URL_BATCH, Pace, share_of_lane
from flows.workspace import Workspace
from tasks.core.boundaries import page_failure
from tasks.core.errors import PageError
from tasks.core.events import EventType, Stage
from tasks.core.models import ExtractedUrl, FetchMethod, Target
from tasks.core.traces import trace
from tasks.extract import ExtractBatch, extract


class ExtractStage:
    """Lanes for the browser and for HTTP, each with a queue of its own."""

    def __init__(self, space: Workspace, admission: Admission, slot: Slot, following: Channel[ExtractedUrl]) -> None:
        self._space = space
        self._admission = admission
        self._slot = slot
        self._following = following
        self._pace = Pace()
        # Unbounded: the browser's backlog must not hold back the URLs for HTTP.
        self._queues: dict[FetchMethod, Channel[Target]] = {method: Channel(size=None) for method in FetchMethod}
        self.lanes = (self._browser_lanes(), self._http_lanes())

    @property
    def is_idle(self) -> bool:
        """Whether no URL waits to be fetched."""
        return not any(queue.waiting for queue in self._queues.values())

    async def put(self, target: Target) -> None:
        """Queue a URL for the method by which it will be fetched."""
        await self._queues[self._space.web.method_for(target)].put(target)

    async def close(self) -> None:
        """Close the queues to new URLs."""
        for queue in self._queues.values():
            await queue.close()

    async def run(self) -> None:
        """Fetch until the queues are exhausted; then report the URLs found and close the following queue."""
        async with asyncio.TaskGroup() as group:
            for lanes in self.lanes:
                group.create_task(lanes.run())
        await self._admission.emit_traps()
        progress = self._space.progress
        await progress.emit(
            EventType.url_extraction_completed,
            f"{progress.known_urls} pages found",
            total_urls=progress.known_urls,
            by_method=progress.by_method,
            rendering=self._space.web.rendering,
            skipped=progress.statistics.skipped,
        )
        await self._following.close()

    async def deliver(self, found: ExtractedUrl) -> None:
        """Hand an extracted URL on; its links have been recorded by then."""
        kept: ExtractedUrl | None
        try:
            kept = await self._admission.record_found(found)
        except Exception as error:  # noqa: BLE001 one page's failure, whatever it is
            kept = self._admission.fail_found(found, page_failure(error, found.target.url))
        if kept:
            method = kept.page.method if kept.page else FetchMethod.http if kept.reused else "failed"
            await self._space.progress.count_extracted(method, len(self._following.waiting))
            await self._following.put(kept)

    def _browser_lanes(self) -> Lanes[Target]:
        settings = self._space.settings
        return Lanes(
            "extract-browser",
            self._queues[FetchMethod.browser],
            settings.max_lanes["extract-browser"],
            self._extract,
            self._slot,
            adaptive=settings.adaptive,
        )

    def _http_lanes(self) -> Lanes[Target]:
        settings = self._space.settings
        return Lanes(
            "extract-http",
            self._queues[FetchMethod.http],
            settings.max_lanes["extract-http"],
            self._extract_over_http,
            self._slot,
            portion=self._http_portion,
            adaptive=settings.adaptive,
        )

    def _http_portion(self, waiting: Sequence[Target]) -> int:
        if sum(found.page is not None for found in self._following.waiting) > QUEUE_SIZE // 2:
            # Scraping is behind: sharing the URLs among lanes would gain nothing.
            return URL_BATCH
        lanes = self._space.settings.max_lanes["extract-http"]
        return max(share_of_lane(len(waiting), lanes), self._pace.within(BATCH_S))

    async def _extract_over_http(self, targets: list[Target]) -> None:
        with self._pace.measure(len(targets)):
            await self._extract(targets)

    async def _extract(self, targets: list[Target]) -> None:
        self._space.progress.meters[Stage.url_extraction].start()
        left = [target for target in targets if await self._admission.claim_to_fetch(target)]
        if not left:
            return
        batch = ExtractBatch(left)
        try:
            with trace("extract batch", pages=len(left)):
                await run_task(extract, batch.name, batch, self._space.web, self._space.prior, self.deliver)
        except PageError:
            for target in tuple(batch.left):
                await self.deliver(ExtractedUrl(target=target, error=batch.failures[target.url].as_final()))
