"""The embed and store stages: pages become knowledge in batches, and a new widget answers from the first ones."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from flows.admission import Admission
from flows.lanes import Channel, Lanes, Slot
from flows.runs import run_task
from flows.workspace import Workspace
from tasks.core.boundaries import contain
from tasks.core.errors import EmbeddingFailed, StoreFailed
from tasks.core.events import EventType, Stage
from tasks.core.models import ChunkedPage, EmbeddedPage
from tasks.core.traces import trace
from tasks.embed import Embedded, as_stored, embed, find_known
from tasks.knowledge.facts.fact_writer import write_facts
from tasks.records.publication import activate_build
from tasks.retries import batch_name
from tasks.store import store

T = TypeVar("T")

PAGE_BATCH = 32
"""Most pages of one `embed` or `store` task run."""
FIRST_LINGER_S = 0.2
"""Longest time in seconds that the first batch of pages waits to fill up: a new widget waits for it."""
LINGER_S = 1.5
"""The same for later batches."""
COUNT_AGAIN = 4
"""Growth factor of the stored pages at which the words of a build are counted again; it answers meanwhile."""


class EmbedStage:
    """Lanes that embed pages."""

    def __init__(
        self,
        space: Workspace,
        admission: Admission,
        slot: Slot,
        source: Channel[ChunkedPage],
        following: Channel[EmbeddedPage],
    ) -> None:
        self._space = space
        self._admission = admission
        self._following = following
        self.lanes = _page_lanes(space, "embed", source, self._embed, slot)

    async def run(self) -> None:
        """Embed until the source is exhausted; then close the following queue."""
        await self.lanes.run()
        await self._space.progress.emit_progress(Stage.embedding, is_last=True)
        await self._following.close()

    async def _embed(self, pages: list[ChunkedPage]) -> None:
        space = self._space
        space.progress.meters[Stage.embedding].start()
        pages = [page for page in pages if self._admission.is_kept(page)]
        if not pages:
            return
        pages = await find_known(pages, space.pool, space.job.widget_id, space.embedder.model)
        new = [page for page in pages if page.stored_id is None]
        for page in pages:
            if page.stored_id is not None:
                space.progress.reused["not_embedded"] += 1
                await self._hand_on(page, as_stored(page, space.embedder.model))
        if not new:
            return
        try:
            with trace("embed batch", pages=len(new)):
                results = await run_task(embed, _name(new), new, space.pool, space.embedder)
        except EmbeddingFailed as error:
            results = [error] * len(new)
        for page, result in zip(new, results, strict=True):
            await self._hand_on(page, result)

    async def _hand_on(self, page: ChunkedPage, result: Embedded) -> None:
        target = page.page.target
        if isinstance(result, EmbeddingFailed):
            await self._admission.record_failure(Stage.embedding, target, result, page.page.url)
        elif await self._admission.record_passed(Stage.embedding, target):
            await self._following.put(result)


class StoreStage:
    """Lanes that store pages."""

    def __init__(self, space: Workspace, admission: Admission, slot: Slot, source: Channel[EmbeddedPage]) -> None:
        self._space = space
        self._admission = admission
        self._counted_pages = 0
        """Stored pages when the words of the build were last counted."""
        self.lanes = _page_lanes(space, "store", source, self._store, slot)

    async def run(self) -> None:
        """Store until the source is exhausted."""
        await self.lanes.run()
        await self._space.progress.emit_progress(Stage.storage, is_last=True)

    async def _store(self, pages: list[EmbeddedPage]) -> None:
        space = self._space
        space.progress.meters[Stage.storage].start()
        pages = [page for page in pages if self._admission.is_kept(page.chunked)]
        if not pages:
            return
        name = _name([page.chunked for page in pages])
        try:
            with trace("store batch", pages=len(pages)):
                failures = await run_task(store, name, pages, space.pool, space.job)
        except StoreFailed as error:
            failures = {page.chunked.page.target.url: error for page in pages}
        for page in pages:
            target = page.chunked.page.target
            if failure := failures.get(target.url):
                await self._admission.record_failure(Stage.storage, target, failure, page.chunked.page.url)
            else:
                await self._admission.record_passed(Stage.storage, target)
        await self._activate()

    async def _activate(self) -> None:
        """Let a new widget answer from its first pages; a widget with knowledge keeps that until the build ends."""
        space = self._space
        pages = space.progress.statistics.stored_pages
        if space.job.replaces or not pages or pages < COUNT_AGAIN * self._counted_pages:
            return
        self._counted_pages = pages
        await self._write_facts()
        if await activate_build(space.pool, space.job, replace=False):
            await space.progress.emit(
                EventType.widget_ready,
                "The widget can answer from its first pages",
                widget_id=str(space.job.widget_id),
                pages=pages,
            )

    async def _write_facts(self) -> None:
        """Write the facts found so far; if that fails, those of the build's end are all there is."""
        space = self._space
        try:
            await write_facts(space.pool, space.embedder, space.job, space.site_facts)
        except (EmbeddingFailed, StoreFailed) as error:
            contain(error, f"the first facts of {space.job.request.url}")


def _page_lanes(
    space: Workspace, limit: str, source: Channel[T], work: Callable[[list[T]], Awaitable[None]], slot: Slot
) -> Lanes[T]:
    return Lanes(
        limit,
        source,
        space.settings.max_lanes[limit],
        work,
        slot,
        portion=lambda _waiting: PAGE_BATCH,
        first_linger_s=FIRST_LINGER_S,
        linger_s=LINGER_S,
        adaptive=space.settings.adaptive,
    )


def _name(pages: Sequence[ChunkedPage]) -> str:
    return batch_name([page.page.target.url for page in pages])
