"""Admission: which URLs of a build are read, and which of the pages read are kept.

The frontier decides which URLs, in which order; of pages with the same content, one is kept. The pipeline
iterates over the admission to get URLs, and reports the outcome of each through its methods.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain

from flows.not_found_probes import NotFoundProbes
from flows.start_page import OpenedSite
from flows.workspace import Workspace
from tasks.core.boundaries import contain
from tasks.core.errors import HttpStatus, PageError, PageSkipped
from tasks.core.events import EventType, Stage
from tasks.core.models import ChunkedPage, ExtractedUrl, Fingerprint, Link, Target
from tasks.web.crawl.duplicates import KeptPage
from tasks.web.crawl.family_budgets import WASTED_REASONS
from tasks.web.crawl.frontier import HINTS
from tasks.web.crawl.links import list_feeds
from tasks.web.crawl.url_patterns import is_route
from tasks.web.crawl.urls import page_key

PATIENCE_S = 4.0
"""Seconds without a change after which an idle pipeline skips the pages that others wait for."""
MISSING_REASONS = ("soft_404", "empty")
"""Skip reasons of an address that is no page."""
STAGES = (Stage.scraping, Stage.embedding, Stage.storage)


class Admission:
    """The URLs and pages of one build: `async for` gives the URLs to read, methods take their outcomes."""

    def __init__(self, space: Workspace, site: OpenedSite) -> None:
        self._space = space
        self._site = site
        self._frontier = site.frontier
        self._duplicates = site.duplicates
        self._changed = asyncio.Event()
        """Set when the frontier may have more URLs, or may be exhausted."""
        self._probes = NotFoundProbes(space, site.frontier.scope.start_url, site.title, self._drop_not_found)
        self._claims: dict[str, Target] = {}
        """URL by which a page is fetched, by the page's key."""
        self._stages_passed: dict[int, int] = {}
        """Number of stages a page has passed, by order."""
        self._dropped: dict[int, tuple[str, str]] = {}
        """Pages dropped after they were kept, by order: requested URL, reason."""
        space.web.set_redirect_claim(self.claim)

    # URLs

    async def __aiter__(self) -> AsyncIterator[list[Target]]:
        """Give batches of URLs to read, in order, until the frontier is exhausted.

        A batch is empty if nothing has changed for `PATIENCE_S`: when the pipeline is idle then, a page blocks the
        others (`skip_blocking_pages`).
        """
        if self._site.left_open:
            yield self._site.left_open
        while True:
            if await self._has_spent_budget():
                return
            targets = self._frontier.admit_next()
            await self._space.crawl_record.add_urls(targets)
            self._space.progress.known_urls = self._frontier.admitted + self._frontier.failed
            if targets:
                yield targets
            elif self._frontier.is_done and self._probes.are_done:
                return
            if not self._changed.is_set() and not await self._wait_for_change():
                yield []
            # Right before the next `admit_next`, with no await between: no change is missed.
            self._changed.clear()

    async def _has_spent_budget(self) -> bool:
        """Whether the build has spent its seconds, bytes or requests, whatever the site offers; emits the reason."""
        progress, (seconds, most_bytes, requests) = self._space.progress, self._space.settings.build_budget
        if progress.seconds >= seconds:
            reason = f"the build has taken its {seconds:g} s (WIDGET_BUILDER_BUILD_TIMEOUT_S)"
        elif progress.byte_count >= most_bytes:
            reason = f"the build has read its {most_bytes} bytes (WIDGET_BUILDER_BUILD_BYTES)"
        elif self._space.web.requests >= requests:
            reason = f"the build has made its {requests} requests (WIDGET_BUILDER_BUILD_REQUESTS)"
        else:
            return False
        progress.stopped = f"{reason}: the rest of the site is left out"
        await progress.emit(EventType.url_extraction_progress, "No more pages are read", detail=progress.stopped)
        return True

    async def _wait_for_change(self) -> bool:
        """Whether something changed within `PATIENCE_S`."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def skip_blocking_pages(self) -> None:
        """Stop waiting for the pages that block their level; their links are admitted when they arrive."""
        self._frontier.skip_blocked()

    def expect_hints(self) -> bool:
        """Whether the site's hints are needed; if so, the first level waits for `find_hints`."""
        are_needed = self._site.home is not None and self._frontier.max_depth > 0
        if are_needed:
            self._frontier.expect_hints()
        return are_needed

    async def find_hints(self) -> None:
        """Find URLs in sitemaps, `llms.txt` and feeds, concurrently with the crawl."""
        try:
            new = self._frontier.record_links(HINTS, 0, await self._read_hints())
        except Exception as error:  # noqa: BLE001 hints are lost, whatever it is
            contain(error, f"the hints of {self._frontier.scope.start_url}")
            new = self._frontier.record_links(HINTS, 0, ())
        await self._space.crawl_record.add_urls((), new)
        self._changed.set()

    async def _read_hints(self) -> list[Link]:
        page, scope = self._site.home.page if self._site.home else None, self._frontier.scope
        feeds: list[str] = []
        try:
            if page:
                feeds = await self._space.web.parse(page.html, list_feeds, page.html, page.final_url)
        except Exception as error:  # noqa: BLE001 the feeds are lost, whatever it is
            contain(error, f"the feeds of {scope.start_url}")
        find, most = self._space.web.find_hints, 4 * self._frontier.max_pages
        lists = await asyncio.gather(
            *(find(start, feeds if start == scope.start_url else [], scope.contains, most) for start in scope.starts)
        )
        found = list(chain.from_iterable(lists))
        self._space.prior.modified.update((link.url, link.modified) for link in found if link.modified)
        return found

    async def record_found(self, found: ExtractedUrl, *, was_requested: bool = True) -> ExtractedUrl | None:
        """Record the links of an extracted URL; return it, or None if it is skipped."""
        target = found.target
        self._follow_moved_site(target, found.final_url)
        skipped = found.error if isinstance(found.error, PageSkipped) else self._reason_to_skip(found)
        links = () if skipped and not found.final_url else found.links
        new = self._frontier.record_links(target.order, target.depth, links)
        await self._space.crawl_record.add_urls((), new)
        if skipped is not None:
            await self.skip(target, skipped, was_requested=was_requested)
        elif found.final_url is not None:
            self._frontier.record_alias(found.final_url, target)
        self._changed.set()
        return None if skipped else found

    def _follow_moved_site(self, target: Target, final_url: str | None) -> None:
        """Widen the scope by the site that a further start page redirects to, as the own site may move too."""
        scope = self._frontier.scope
        if target.depth == 0 and final_url is not None and not scope.contains(final_url):
            self._frontier.scope = scope.with_further(final_url)

    def fail_found(self, found: ExtractedUrl, failure: PageError) -> ExtractedUrl:
        """Return an extracted URL that could not be recorded, as failed; its links are lost."""
        self._frontier.record_links(found.target.order, found.target.depth, ())
        self._changed.set()
        return found.model_copy(update={"page": None, "reused": None, "links": (), "error": failure})

    def _reason_to_skip(self, found: ExtractedUrl) -> PageSkipped | None:
        """The reason not to read a fetched page: it is off the site, or another target has claimed it."""
        if found.final_url is None:
            return None
        if found.target.depth == 0:
            return self.claim(found.target, found.final_url)
        return self._off_site(found.final_url) or self.claim(found.target, found.final_url)

    def _off_site(self, url: str) -> PageSkipped | None:
        return None if self._frontier.scope.contains(url) else PageSkipped("off_site", f"redirects to {url}")

    def claim(self, target: Target, url: str = "") -> PageSkipped | None:
        """Claim the page for this target; return the reason to skip it if another target has claimed it.

        `url` is the address the target redirects to; absent, the target's own.
        """
        url = url or target.url
        claimed_by = self._claims.setdefault(page_key(url), target)
        if claimed_by.order == target.order:
            return None
        record = self._duplicates.find_kept(url)
        # While the page is not known, the URL that leads to it: a redirect's own address may be another redirect's.
        same_as = record.url if record else claimed_by.url
        return PageSkipped("duplicate", "the page is fetched under another URL", same_as=same_as)

    async def claim_to_fetch(self, target: Target) -> bool:
        """Claim the page before it is fetched; skip the URL and return False if another target has claimed it."""
        if skipped := self.claim(target):
            await self.record_found(ExtractedUrl(target=target, error=skipped), was_requested=False)
        return skipped is None

    # Pages

    async def keep_page(self, target: Target, page: ChunkedPage) -> ChunkedPage | None:
        """Return the page with its order and alias, or None if it is not kept."""
        if skipped := self._off_site(page.page.url) if target.depth else None:
            await self.skip(target, skipped)
            return None
        verdict = self._duplicates.judge(page)
        if verdict.is_not_found:
            await self.skip(target, _soft_404())
            return None
        other = verdict.same_as or verdict.replaces
        is_alike = verdict.looks_alike or (other and page_key(other.url) != page_key(page.page.url))
        # An application answers dead routes with one text; each costs a load in the browser.
        if is_alike or is_route(page.page.url):
            self._probes.ask_once(page.page.url, self._changed.set)
        if other := verdict.same_as:
            skipped = PageSkipped("duplicate", "another page has the same content", same_as=other.url)
            await self.skip(target, skipped)
            return None
        # Known from now on and counted nowhere yet: while the page it replaces is taken back, another may replace it.
        self._stages_passed[target.order] = 0
        if other := verdict.replaces:
            await self._drop(
                other, PageSkipped("duplicate", "replaced by a page with the same content", same_as=page.page.url)
            )
            await self._space.crawl_record.replace_page(other.url, page.page.url)
            if target.order in self._dropped:
                return None
        self._frontier.record_alias(page.page.url, target)
        self._frontier.record_result(target, page=page.fingerprint)
        self._changed.set()
        self._count_passed(target, Stage.scraping)
        return _with_order(page)

    async def skip(self, target: Target, skipped: PageSkipped, *, was_requested: bool = True) -> None:
        """Skip a URL and free its place. `was_requested`: the site has been asked for it."""
        was_wasted = was_requested and skipped.reason in WASTED_REASONS
        is_missing = was_requested and skipped.reason in MISSING_REASONS
        self._frontier.record_result(target, gives_place_back=True, was_wasted=was_wasted, is_missing=is_missing)
        self._space.progress.known_urls = self._frontier.admitted + self._frontier.failed
        await self._space.progress.record_skip(target, skipped)
        self._changed.set()

    async def record_failure(self, stage: Stage, target: Target, error: PageError, url: str = "") -> None:
        """Record that a page failed in a stage, unless it has been dropped."""
        if target.order in self._dropped:
            return
        if (record := self._duplicates.find_kept(url or target.url)) and record.order == target.order:
            self._duplicates.remove(record)
        if stage is Stage.scraping:
            self._frontier.record_failure(target, is_missing=isinstance(error, HttpStatus))
        else:
            self._frontier.record_result(target)
        self._changed.set()
        await self._space.progress.record_failure(stage, target, error)

    async def record_passed(self, stage: Stage, target: Target) -> bool:
        """Count a page that passed a stage; return whether it is still kept."""
        if target.order in self._dropped:
            return False
        self._count_passed(target, stage)
        await self._space.progress.count_passed(stage)
        return True

    def is_kept(self, page: ChunkedPage) -> bool:
        """Whether the page has not been dropped."""
        return page.page.target.order not in self._dropped

    def _count_passed(self, target: Target, stage: Stage) -> None:
        self._stages_passed[target.order] = STAGES.index(stage) + 1

    async def _drop(self, record: KeptPage, skipped: PageSkipped) -> None:
        """Drop a page that was kept so far, and take it back from the counters of the stages it has passed."""
        self._dropped[record.order] = (record.target_url, skipped.reason)
        for stage in STAGES[: self._stages_passed.get(record.order, len(STAGES))]:
            self._space.progress.uncount_passed(stage)
        await self.skip(Target(url=record.target_url, depth=0, order=record.order), skipped)

    async def _drop_not_found(self, answer: Fingerprint) -> None:
        """Drop the pages that equal the site's answer to an address that does not exist."""
        for record in self._duplicates.add_not_found(answer):
            await self._drop(record, _soft_404())

    # The end

    async def emit_traps(self) -> None:
        """Emit an event with the URLs that were skipped because their family may be endless."""
        left_out = self._frontier.left_out
        if not left_out:
            return
        families = [
            {"pattern": name, "read": self._frontier.count_admitted(name), "left_out": count}
            for name, count in left_out.most_common(10)
        ]
        self._space.progress.count_skipped("trap", left_out.total())
        worst = families[0]
        await self._space.progress.emit(
            EventType.url_extraction_progress,
            f"{left_out.total()} URLs that may have no end are left out",
            detail=f"{worst['read']} pages of {worst['pattern']} were read and brought nothing new",
            total_urls=self._space.progress.known_urls,
            left_out=families,
        )

    async def settle(self) -> None:
        """Finish the probes; delete the dropped pages and store the aliases of those that are kept."""
        await self._probes.finish()
        await self._space.crawl_record.settle_duplicates(list(self._dropped.values()))


def _soft_404() -> PageSkipped:
    return PageSkipped("soft_404", "the site answers any URL with this page")


def _with_order(page: ChunkedPage) -> ChunkedPage:
    """Return the page with its order, and with the requested URL as an alias if it has moved."""
    read = page.page
    metadata = {**read.metadata, "order": read.target.order}
    if read.target.url != read.url:
        metadata["aliases"] = [read.target.url]
    return page.model_copy(update={"page": read.model_copy(update={"metadata": metadata})})
