"""Admission: which URLs come into the pipeline, and which of the pages read are kept.

The frontier says which URLs, in which order; what says the same as another page is kept once. URLs are let
in by a task of its own (`usher`): the lanes that find them must not wait for room in queues they empty.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from urllib.parse import urljoin

from flows.start_page import Site
from flows.workspace import Workspace
from tasks.core.errors import PageError, PageSkipped
from tasks.core.events import EventType, Stage
from tasks.core.models import ChunkedPage, Found, Target
from tasks.reading import ReadOptions, read_in_chunks
from tasks.web.crawl.duplicates import KeptPage
from tasks.web.crawl.family_budgets import WASTED_REASONS
from tasks.web.crawl.frontier import HINTS
from tasks.web.crawl.links import list_feeds
from tasks.web.crawl.urls import ROUTES, page_key

PATIENCE_S = 4.0
"""So long the whole pipeline idles for a page that others have to wait for."""
STAGES = (Stage.scraping, Stage.embedding, Stage.storage)

Spread = Callable[[list[Target]], Awaitable[None]]


class Admission:
    """What one build lets in and keeps."""

    def __init__(self, space: Workspace, site: Site, spread: Spread, is_idle: Callable[[], bool]) -> None:
        """`spread` takes URLs that are to be read; `is_idle`: nothing but what is under way is left to do."""
        self._space = space
        self._site = site
        self._frontier = site.frontier
        self._duplicates = site.duplicates
        self._spread = spread
        self._is_idle = is_idle
        self._changed = asyncio.Event()
        self._probing: dict[str, asyncio.Task[None]] = {}
        """What is found out of addresses that nobody has, by their beginning."""
        self._reached: dict[str, int] = {}
        """Order of the URL through which a page is fetched, by the page's key."""
        space.web.set_redirect_claim(self.known_already)
        self._passed: dict[int, int] = {}
        """How many stages a page has passed, by order."""
        self._dropped: dict[int, tuple[str, str, str]] = {}
        """Pages that are not kept after all: stored URL, URL they were known by, reason; by order."""

    # URLs

    async def usher(self) -> None:
        """Let in what the frontier gives, until no more can come."""
        while True:
            targets = self._frontier.admit_next()
            await self._space.crawl_record.add_urls(targets)
            self._space.progress.known_urls = self._frontier.admitted
            await self._spread(targets)
            if not targets and self._frontier.is_done and all(probe.done() for probe in self._probing.values()):
                return
            if not self._changed.is_set():
                await self._wait()
            self._changed.clear()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._changed.wait()
        except TimeoutError:
            if self._is_idle():
                self._frontier.skip_blocked()

    async def find_hints(self) -> None:
        """Look for what the site says of its own pages, beside everything else."""
        page, frontier = self._site.home.page if self._site.home else None, self._frontier
        feeds = list_feeds(page.html, page.final_url) if page else []
        most = 4 * frontier.max_pages
        links = await self._space.web.find_hints(frontier.scope.start_url, feeds, frontier.scope.contains, most)
        found = frontier.record_links(HINTS, 0, links)
        await self._space.crawl_record.add_urls((), found)
        self._changed.set()

    async def found(self, found: Found, *, was_asked: bool = True) -> Found | None:
        """Take in what extraction has of a URL: its links, remembered before it is handed on; nothing if it is left
        out."""
        target, order = found.target, found.target.order
        skipped = found.error if isinstance(found.error, PageSkipped) else self._out_of_place(found)
        new = self._frontier.record_links(order, target.depth, () if skipped and not found.page else found.links)
        await self._space.crawl_record.add_urls((), new)
        if skipped is not None:
            await self.skip(target, skipped, was_asked=was_asked)
        elif found.page is not None:
            self._frontier.record_alias(found.page.final_url, target)
        self._changed.set()
        return None if skipped else found

    def _out_of_place(self, found: Found) -> PageSkipped | None:
        """Why a page that was fetched is not one of its own."""
        if found.page is None:
            return None
        if found.target.depth == 0:
            return self.known_already(found.target, found.page.final_url)
        return self._off_site(found.page.final_url) or self.known_already(found.target, found.page.final_url)

    def _off_site(self, url: str) -> PageSkipped | None:
        return None if self._frontier.scope.contains(url) else PageSkipped("off_site", f"redirects to {url}")

    def known_already(self, target: Target, url: str = "") -> PageSkipped | None:
        """What to say of a URL, or of the one it redirects to, if that was asked for already; else nobody else is to
        ask for it."""
        url = url or target.url
        if self._reached.setdefault(page_key(url), target.order) == target.order:
            return None
        record = self._duplicates.find_kept(url)
        same_as = record.url if record else url
        return PageSkipped("duplicate", "it is the same page as another address", same_as=same_as)

    # Pages

    async def read(self, target: Target, page: ChunkedPage) -> ChunkedPage | None:
        """The page with its order and other address, if it is to be kept."""
        if skipped := self._off_site(page.page.url) if target.depth else None:
            await self.skip(target, skipped)
            return None
        verdict = self._duplicates.judge(page)
        if verdict.is_not_found:
            await self.skip(target, PageSkipped("soft_404", "it is what the site answers to any address"))
            return None
        other = verdict.same_as or verdict.replaces
        if verdict.looks_alike or (other and page_key(other.url) != page_key(page.page.url)):
            self._suspect(page.page.url)
        if other := verdict.same_as:
            skipped = PageSkipped("duplicate", "its content is that of another page", same_as=other.url)
            await self.skip(target, skipped)
            return None
        # Known from now on and counted nowhere yet: while the page it replaces is taken back, another may replace it.
        self._passed[target.order] = 0
        if other := verdict.replaces:
            await self._drop(other, PageSkipped("duplicate", "another page says it first", same_as=page.page.url))
            await self._space.crawl_record.replace_page(other.url, page.page.url)
            if target.order in self._dropped:
                return None
        self._frontier.record_alias(page.page.url, target)
        self._frontier.record_result(target, page=page.fingerprint)
        self._changed.set()
        self._count(target, Stage.scraping)
        return _with_order(page)

    async def skip(self, target: Target, skipped: PageSkipped, *, was_asked: bool = True) -> None:
        """Leave a URL out; its place is free. `was_asked`: the site was asked for it."""
        was_wasted = was_asked and skipped.reason in WASTED_REASONS
        self._frontier.record_result(target, gives_place_back=True, was_wasted=was_wasted)
        self._space.progress.known_urls = self._frontier.admitted
        await self._space.progress.skipped(target, skipped)
        self._changed.set()

    async def failed(self, stage: Stage, target: Target, error: PageError, url: str = "") -> None:
        """Count a page that could not be used; one that is not kept anyway is forgotten."""
        if target.order in self._dropped:
            return
        if (record := self._duplicates.find_kept(url or target.url)) and record.order == target.order:
            self._duplicates.remove(record)
        self._frontier.record_result(target)
        self._changed.set()
        await self._space.progress.failed(stage, target, error)

    async def passed(self, stage: Stage, target: Target) -> bool:
        """Count a page that made it through a stage; whether it is to be kept still."""
        if target.order in self._dropped:
            return False
        self._count(target, stage)
        await self._space.progress.passed(stage)
        return True

    def is_kept(self, page: ChunkedPage) -> bool:
        """Whether no other page was preferred since."""
        return page.page.target.order not in self._dropped

    def _count(self, target: Target, stage: Stage) -> None:
        self._passed[target.order] = STAGES.index(stage) + 1

    async def _drop(self, record: KeptPage, skipped: PageSkipped) -> None:
        """Do not keep a page that was to be kept."""
        self._dropped[record.order] = (record.url, record.target_url, skipped.reason)
        for stage in STAGES[: self._passed.get(record.order, len(STAGES))]:
            self._space.progress.take_back(stage)
        await self.skip(Target(url=record.target_url, depth=0, order=record.order), skipped)

    # Pages that are none

    def _suspect(self, url: str) -> None:
        """Two addresses with one content: find out, once, whether that is what the site answers to any address.

        What an application shows for any of its routes is another question.
        """
        route = next((route for route in ROUTES if route in url), "")
        if route not in self._probing:
            self._probing[route] = asyncio.create_task(self._probe(route))

    async def _probe(self, route: str) -> None:
        site_url = self._frontier.scope.start_url
        # An address nobody has, the same in every build.
        name = sha256(site_url.encode()).hexdigest()[:24]
        page = await self._space.web.probe(urljoin(site_url, f"{route}{name}" if route else f"/{name}"))
        if page is not None and page_key(page.final_url) == page_key(page.target.url):
            with suppress(PageError):
                loop = asyncio.get_running_loop()
                settings, title = self._space.settings, self._site.title
                options = ReadOptions(self._space.embedder.model, settings.page_timeout_s, site_title=title)
                read = await loop.run_in_executor(self._space.processes, read_in_chunks, page, options)
                assert read.fingerprint is not None
                for record in self._duplicates.add_not_found(read.fingerprint):
                    await self._drop(record, PageSkipped("soft_404", "it is what the site answers to any address"))
        self._changed.set()

    # The end

    async def tell_traps(self) -> None:
        """Say what was left out because there may be no end of it."""
        left_out = self._frontier.left_out
        if not left_out:
            return
        families = [
            {"pattern": name, "read": self._frontier.count_admitted(name), "left_out": count}
            for name, count in left_out.most_common(10)
        ]
        self._space.progress.left_out("trap", left_out.total())
        worst = families[0]
        await self._space.progress.tell(
            EventType.url_extraction_progress,
            f"{left_out.total()} URLs that may have no end are left out",
            detail=f"of {worst['pattern']}, {worst['read']} were read: they bring nothing new",
            total_urls=self._space.progress.known_urls,
            left_out=families,
        )

    async def settle(self) -> None:
        """Give the pages that are kept their other addresses, and take out those that are not."""
        await asyncio.gather(*self._probing.values())
        await self._space.crawl_record.settle_duplicates(list(self._dropped.values()))


def _with_order(page: ChunkedPage) -> ChunkedPage:
    """The page with its place in the order of the site, and the address it was found under if it has moved."""
    read = page.page
    metadata = {**read.metadata, "order": read.target.order}
    if read.target.url != read.url:
        metadata["aliases"] = [read.target.url]
    return page.model_copy(update={"page": read.model_copy(update={"metadata": metadata})})
