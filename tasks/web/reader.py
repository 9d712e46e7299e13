"""Reads pages for the stages: over HTTP or with the browser, whichever gives the whole content."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from tasks.core.choices import RenderMode
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import (
    CallFailed,
    FetchFailed,
    HttpStatus,
    PageError,
    PageSkipped,
)
from tasks.core.models import FetchedPage, FetchMethod, Link, Target
from tasks.core.processes import PARSING, Processes, open_processes
from tasks.core.settings import Settings
from tasks.web.comparison import compare
from tasks.web.crawl.sitemaps import find_hints
from tasks.web.crawl.url_patterns import is_route, pattern_of
from tasks.web.document_parsing import DocumentParsing
from tasks.web.fetching.egress import open_gate
from tasks.web.fetching.host_sharing import SharedLimits
from tasks.web.fetching.middlewares import ClaimRedirect
from tasks.web.fetching.page_time import PageTime, PageTimes
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tasks.web.fetching.rendered_page import OnSent, RenderedPage
from tasks.web.fetching.responses import may_read_over_http
from tasks.web.fetching.shells import shell_sign
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tasks.web.fetching.throttle import Throttle, make_throttle
from tasks.web.home_loading import DOCUMENT, HomeLoader
from tasks.web.rendering import RenderPolicy, read_signs

logger = logging.getLogger("widget_builder.web")

READERS = 2
"""Child processes that read pages and embed text; more than there are cores would only wait for each other."""
READER_MODULE = "tasks.reader_process"
"""Module that they have imported when they start."""
R = TypeVar("R")


class Web:
    """Both fetchers and the decision between them. Each URL is requested once, or twice if its HTML is incomplete."""

    def __init__(
        self,
        static: StaticFetcher,
        rendered: RenderedFetcher | None,
        policy: RenderPolicy,
        throttle: Throttle,
        readers: Processes,
        page_timeout_s: float,
    ) -> None:
        self.readers = readers
        """Child processes that parse and draw what was fetched."""
        self._parsing = DocumentParsing(readers)
        self._throttle = throttle
        self._times = PageTimes(page_timeout_s)
        self._home = HomeLoader(static, rendered, page_timeout_s)
        self._static = static
        self._rendered = rendered
        self._policy = policy
        self._sampling: dict[str, asyncio.Event] = {}
        """URL patterns of which a sample is being rendered; each event is set once it has been compared."""

    @property
    def rendering(self) -> dict[str, Any]:
        """Rendering decisions so far, with reasons: JSON."""
        return self._policy.summary

    @property
    def requests(self) -> int:
        """Requests and loads in the browser so far; what a page in the browser loads is not counted."""
        return self._static.requests + (self._rendered.loads if self._rendered else 0)

    @property
    def slow_downs(self) -> int:
        """Answers so far that asked to slow down."""
        return self._throttle.slow_downs

    async def load_home(self, target: Target, probe: str, on_sent: OnSent | None = None) -> RenderedPage:
        """Return the start page after redirects; as sent and without a probe if the browser is off or fails on it.

        `on_sent` gets its URL and HTML as soon as they arrive. All calls share one page timeout, robots.txt included.

        Raises:
            PageError: the page cannot be read.
        """
        rendered, why_sent = await self._home.load(target, probe, on_sent, self._check_robots)
        page = rendered.page if why_sent else await self._compare(rendered)
        self._static.prefer_language_of(page.html)
        return rendered.model_copy(update={"page": self._with_reason(page, why_sent or "the home page")})

    async def take_picture(self) -> bytes | None:
        """Return the start page's first screen as a JPEG; from the same load, so once, and after `load_home`.

        None if the page was not rendered, or the picture failed.
        """
        return await self._rendered.take_picture() if self._rendered else None

    async def fetch_resource(self, url: str, max_bytes: int) -> bytes:
        """Return the bytes of a resource of the start page: a picture, a manifest.

        Raises:
            PageError: the fetch failed, the status is not 200, or the body is larger than `max_bytes`.
        """
        resource = await self._static.fetch_resource(url, max_bytes=max_bytes)
        if resource.status != 200:
            raise HttpStatus(resource.status)
        return resource.body

    def method_for(self, target: Target) -> FetchMethod:
        """The method by which the page would be fetched now."""
        return self._policy.choose(target)[0]

    async def fetch(self, target: Target) -> FetchedPage:
        """Return the page; its metadata has the method and the reason for it.

        Raises:
            PageError: the fetch failed, or the page is skipped.
        """
        await self._check_robots(target)
        method, why = self._policy.choose(target)
        with self._times.attempt(target.url) as time:
            if self._rendered is not None and method is FetchMethod.browser:
                return await self._render_or_fetch(target, self._rendered, why, time)
            if self._rendered is not None and is_route(target.url):
                # Without the browser every route is the one document.
                message = f"a route in the URL fragment, which has no content of its own over HTTP: {why}"
                raise PageSkipped("empty", message)
            sent = await self._static.fetch(target, site_may_move=target.depth == 0, time=time)
            return await self._complete(sent, why, time)

    async def fetch_if_changed(self, target: Target, metadata: Mapping[str, Any]) -> FetchedPage | None:
        """Return the page, or None if the site says that it has not changed since this metadata.

        Raises:
            PageError: the fetch failed, or the page is skipped.
        """
        await self._check_robots(target)
        with self._times.attempt(target.url) as time:
            sent = await self._static.fetch_if_changed(target, metadata, site_may_move=target.depth == 0, time=time)
            if sent is None:
                return None
            method, why = self._policy.choose(target)
            if self._rendered is not None and method is FetchMethod.browser:
                return await self._render_or_fetch(target, self._rendered, why, time)
            return await self._complete(sent, why, time)

    async def _complete(self, sent: FetchedPage, why: str, time: PageTime) -> FetchedPage:
        """Return a page that was fetched over HTTP; rendered, if it turns out to need that."""
        target = sent.target
        if self._rendered is None:
            return self._with_reason(sent, why)
        if sampling := self._sampling.get(pattern_of(target.url)):
            await sampling.wait()
        method, changed = self._policy.choose(target)
        suspicion = changed if method is FetchMethod.browser else await self._find_suspicion(sent)
        if not suspicion:
            return self._with_reason(sent, why)
        return await self._escalate(sent, suspicion, self._rendered, time)

    async def parse(self, html: str, parse: Callable[..., R], *args: Any) -> R:
        """Return `parse(*args)`, which parses the document; all parses of a large one share limits.

        Raises:
            ContentFailed: the document cannot be parsed within limits.
        """
        return await self._parsing.parse(html, parse, *args)

    async def _find_suspicion(self, sent: FetchedPage) -> str | None:
        if sent.pdf is not None:
            return None
        return self._policy.find_suspicion(sent, await self.parse(sent.html, read_signs, sent.html))

    async def _render_or_fetch(self, target: Target, fetcher: RenderedFetcher, why: str, time: PageTime) -> FetchedPage:
        """Return the page from the browser; a document that the browser does not display is fetched over HTTP."""
        try:
            return self._with_reason(await self._render(target, fetcher, time), why)
        except PageSkipped as skipped:
            if not may_read_over_http(skipped):
                raise
        return self._with_reason(await self._static.fetch(target, site_may_move=target.depth == 0, time=time), DOCUMENT)

    async def _escalate(
        self, sent: FetchedPage, suspicion: str, fetcher: RenderedFetcher, time: PageTime
    ) -> FetchedPage:
        """Render a page that was fetched over HTTP; if that fails, keep the HTTP version unless it is a shell."""
        try:
            page = await self._render(sent.target, fetcher, time, escalated=True)
        except FetchFailed as error:
            if await self.parse(sent.html, shell_sign, sent.html):
                raise
            return self._with_reason(sent, f"{suspicion}; but the browser failed: {error.message}")
        return self._with_reason(page.model_copy(update={"escalated": True}), suspicion)

    async def _render(
        self, target: Target, fetcher: RenderedFetcher, time: PageTime, *, escalated: bool = False
    ) -> FetchedPage:
        may_move = target.depth == 0
        if not self._policy.needs_comparison(target, escalated=escalated):
            return (await fetcher.fetch(target, site_may_move=may_move, time=time)).page
        with self._sampling_pattern(target):
            rendered = await fetcher.fetch(target, compare=True, site_may_move=may_move, time=time)
            return await self._compare(rendered, escalated=escalated)

    @contextmanager
    def _sampling_pattern(self, target: Target) -> Iterator[None]:
        """Make pages of the same URL pattern wait until this sample has been compared."""
        pattern, sampled = pattern_of(target.url), asyncio.Event()
        self._sampling.setdefault(pattern, sampled)
        try:
            yield
        finally:
            if self._sampling.get(pattern) is sampled:
                del self._sampling[pattern]
            sampled.set()

    async def _compare(self, rendered: RenderedPage, *, escalated: bool = False) -> FetchedPage:
        """Record what rendering added; return the page as rendered, or as sent if scripts removed most of it."""
        if not self._policy.needs_comparison(rendered.page.target, escalated=escalated):
            return rendered.page
        try:
            found = await self._parsing.call(rendered.page.html, compare, rendered)
        except CallFailed as error:
            logger.info("%s: not compared with the HTML as sent: %s", rendered.page.target.url, error.message)
            return rendered.page
        self._policy.record_comparison(rendered, found, escalated=escalated)
        if found.is_worse:
            return rendered.page.model_copy(update={"html": rendered.sent_html})
        is_sent_whole = not found.has_more_text and not found.new_links
        metadata = {**rendered.page.metadata, "sent_whole": True} if is_sent_whole else rendered.page.metadata
        return rendered.page.model_copy(update={"metadata": metadata})

    def _with_reason(self, page: FetchedPage, why: str) -> FetchedPage:
        self._policy.count_page(page)
        return page.model_copy(update={"metadata": {**page.metadata, "method": page.method, "render_reason": why}})

    async def _check_robots(self, target: Target) -> None:
        await self._static.robots.check(target.url)
        self._throttle.slow_down(target.url, await self._static.robots.delay_s(target.url))

    def share_hosts(self, limits: SharedLimits) -> AbstractAsyncContextManager[None]:
        """Share the limits of hosts with other runs until the context is left."""
        return self._throttle.shared(limits)

    def set_redirect_claim(self, claim_redirect: ClaimRedirect) -> None:
        """Set the callback that claims the URL a page redirects to; the redirect ends there if the claim fails."""
        self._static.claim_redirect = claim_redirect

    async def find_hints(
        self, site_url: str, feeds: list[str], belongs: Callable[[str], bool], most: int
    ) -> list[Link]:
        """Return URLs listed in the site's sitemaps (`most` of them at most), `llms.txt` and feeds."""
        try:
            sitemaps = (await self._static.robots.rules_for(site_url)).sitemaps
        except PageError:
            return []
        return await find_hints(self._read, self._parse_hints, site_url, sitemaps, feeds, belongs, most)

    async def _parse_hints(self, parse: Callable[[bytes, str], R], body: bytes, url: str) -> R | None:
        try:
            return await self.readers.call(PARSING, parse, body, url)
        except CallFailed as error:
            logger.info("%s is ignored: %s", url, error.message)
            return None

    async def probe(self, url: str) -> FetchedPage | None:
        """Return the response, if successful, to a URL that should not exist; for a route, the rendered page."""
        target = Target(url=url, depth=1)
        try:
            await self._static.robots.check(url)
            if not is_route(url):
                return await self._static.fetch(target)
            return (await self._rendered.fetch(target)).page if self._rendered else None
        except PageError:
            return None

    async def _read(self, url: str) -> bytes | None:
        """Return the body of a successful response, else None."""
        try:
            async with self._throttle.turn(url):
                resource = await self._static.fetch_resource(url)
        except PageError as error:
            logger.info("%s: %s", url, error.message)
            return None
        return resource.body if 200 <= resource.status < 300 else None


@asynccontextmanager
async def open_web(settings: Settings) -> AsyncIterator[Web]:
    """Open both fetchers behind the egress gate; the browser starts in the background, the readers when needed."""
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(open_gate(egress_policy(settings), upstream=settings.egress_proxy))
        throttle = make_throttle(settings)
        static = await stack.enter_async_context(open_static_fetcher(settings, gate, throttle))
        rendered = None
        if settings.render is not RenderMode.never:
            rendered = await stack.enter_async_context(open_rendered_fetcher(settings, gate, throttle, static.cookies))
        readers = stack.enter_context(open_processes(READERS, READER_MODULE))
        yield Web(static, rendered, RenderPolicy(settings.render), throttle, readers, settings.page_timeout_s)
