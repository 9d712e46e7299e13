"""The web as the stages see it: one page at a time, by whichever way reads it right."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from tasks.core.errors import FetchFailed, HttpStatus, PageError, PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Link, Target
from tasks.core.settings import RenderMode, Settings
from tasks.web.comparison import compare
from tasks.web.crawl.sitemaps import find_hints
from tasks.web.fetching.egress import open_gate
from tasks.web.fetching.middlewares import KnownAlready
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tasks.web.fetching.rendered_page import RenderedPage, Sent
from tasks.web.fetching.responses import is_for_http
from tasks.web.fetching.shells import shell_sign
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tasks.web.fetching.throttle import Throttle, make_throttle
from tasks.web.rendering import RenderPolicy, is_route, pattern_of

logger = logging.getLogger("widget_builder.web")

DOCUMENT = "a document that the browser does not show"


class Web:
    """Both fetchers and the decision between them. Each URL is requested once; twice if what was sent is not all."""

    def __init__(
        self, static: StaticFetcher, rendered: RenderedFetcher | None, policy: RenderPolicy, throttle: Throttle
    ) -> None:
        self._throttle = throttle
        self._static = static
        self._rendered = rendered
        self._policy = policy
        self._sampling: dict[str, asyncio.Event] = {}
        """URL patterns that a page is being looked at of; set when it has been."""

    @property
    def rendering(self) -> dict[str, Any]:
        """How pages were read so far, and why: JSON."""
        return self._policy.summary

    async def load_home(self, target: Target, probe: str, on_sent: Sent | None = None) -> RenderedPage:
        """The start page, wherever it redirects to; with rendering off, as sent and without a probe.

        `on_sent` gets its address and HTML as soon as they are there.

        Raises:
            PageError: it cannot be read.
        """
        await self._check_robots(target)
        if self._rendered is None:
            page = await self._static.fetch(target, site_may_move=True)
            self._static.prefer_language_of(page.html)
            if on_sent:
                await on_sent(page.final_url, page.html)
            return RenderedPage(page=self._explained(page, "rendering is off"), sent_html=page.html)
        try:
            rendered = await self._rendered.fetch(
                target, probe=probe, compare=True, on_sent=on_sent, site_may_move=True, keep=True
            )
        except PageSkipped as skipped:
            if not is_for_http(skipped):
                raise
            sent = await self._static.fetch(target, site_may_move=True)
            return RenderedPage(page=self._explained(sent, DOCUMENT), sent_html=sent.html)
        page = await self._learn(rendered)
        self._static.prefer_language_of(page.html)
        return rendered.model_copy(update={"page": self._explained(page, "the home page")})

    async def take_picture(self) -> bytes | None:
        """What the start page's first screen looks like, a JPEG; from the same load, so once, and after `load_home`.

        None where it was not rendered, or cannot be pictured.
        """
        return await self._rendered.take_picture() if self._rendered else None

    async def fetch_resource(self, url: str, max_bytes: int) -> bytes:
        """The bytes of what belongs to the start page: a picture, a manifest.

        Raises:
            PageError: it failed, is not there, or is larger.
        """
        resource = await self._static.fetch_resource(url, max_bytes=max_bytes)
        if resource.status != 200:
            raise HttpStatus(resource.status)
        return resource.body

    def method_for(self, target: Target) -> FetchMethod:
        """How the page will be fetched, as far as is known now."""
        return self._policy.choose(target)[0]

    async def fetch(self, target: Target) -> FetchedPage:
        """The page; how it was rendered and why is in its metadata.

        Raises:
            PageError: it failed, or is left out.
        """
        await self._check_robots(target)
        method, why = self._policy.choose(target)
        if self._rendered is not None and method is FetchMethod.browser:
            return await self._render_or_fetch(target, self._rendered, why)
        if self._rendered is not None and is_route(target.url):
            # Without the browser every route is the one document.
            raise PageSkipped("empty", f"a route in the fragment that shows nothing of its own: {why}")
        sent = await self._static.fetch(target)
        if self._rendered is None:
            return self._explained(sent, why)
        if sampling := self._sampling.get(pattern_of(target.url)):
            await sampling.wait()
        method, changed = self._policy.choose(target)
        suspicion = changed if method is FetchMethod.browser else self._policy.suspect(sent)
        return await self._escalate(sent, suspicion, self._rendered) if suspicion else self._explained(sent, why)

    async def _render_or_fetch(self, target: Target, fetcher: RenderedFetcher, why: str) -> FetchedPage:
        """The page from the browser; what turns out to be a document that a browser does not show, over HTTP."""
        try:
            return self._explained(await self._render(target, fetcher), why)
        except PageSkipped as skipped:
            if not is_for_http(skipped):
                raise
        return self._explained(await self._static.fetch(target), DOCUMENT)

    async def _escalate(self, sent: FetchedPage, suspicion: str, fetcher: RenderedFetcher) -> FetchedPage:
        """The page from the browser after all."""
        try:
            page = await self._render(sent.target, fetcher, escalated=True)
        except FetchFailed as error:
            if shell_sign(sent.html):
                raise
            return self._explained(sent, f"{suspicion}; but the browser failed: {error.message}")
        return self._explained(page.model_copy(update={"escalated": True}), suspicion)

    async def _render(self, target: Target, fetcher: RenderedFetcher, *, escalated: bool = False) -> FetchedPage:
        if not self._policy.is_open(target, escalated=escalated):
            return (await fetcher.fetch(target)).page
        with self._looking_at(target):
            rendered = await fetcher.fetch(target, compare=True)
            return await self._learn(rendered, escalated=escalated)

    @contextmanager
    def _looking_at(self, target: Target) -> Iterator[None]:
        """While a page is looked at, those like it that come over HTTP wait for what it shows."""
        pattern, looked = pattern_of(target.url), asyncio.Event()
        self._sampling.setdefault(pattern, looked)
        try:
            yield
        finally:
            if self._sampling.get(pattern) is looked:
                del self._sampling[pattern]
            looked.set()

    async def _learn(self, rendered: RenderedPage, *, escalated: bool = False) -> FetchedPage:
        """The page as shown, or as sent if scripts took most of it away."""
        if not self._policy.is_open(rendered.page.target, escalated=escalated):
            return rendered.page
        found = await asyncio.to_thread(compare, rendered)
        self._policy.learn(rendered, found, escalated=escalated)
        return rendered.page.model_copy(update={"html": rendered.sent_html}) if found.is_worse else rendered.page

    def _explained(self, page: FetchedPage, why: str) -> FetchedPage:
        self._policy.count(page)
        return page.model_copy(update={"metadata": {**page.metadata, "method": page.method, "render_reason": why}})

    async def _check_robots(self, target: Target) -> None:
        await self._static.robots.check(target.url)
        self._throttle.slow_down(target.url, await self._static.robots.delay_s(target.url))

    def ask_before_redirects(self, known_already: KnownAlready) -> None:
        """Have a redirect that leads to a page which is asked for already end there."""
        self._static.known_already = known_already

    async def find_hints(
        self, site_url: str, feeds: list[str], belongs: Callable[[str], bool], most: int
    ) -> list[Link]:
        """URLs that the site's sitemaps, `llms.txt` and feeds name, `most` at most of sitemaps."""
        try:
            sitemaps = (await self._static.robots.rules_for(site_url)).sitemaps
        except PageError:
            return []
        return await find_hints(self._read, site_url, sitemaps, feeds, belongs, most)

    async def probe(self, url: str) -> FetchedPage | None:
        """What the site answers, with a good status, to a URL that it cannot have, or shows for a route."""
        target = Target(url=url, depth=1)
        try:
            await self._static.robots.check(url)
            if not is_route(url):
                return await self._static.fetch(target)
            return (await self._rendered.fetch(target)).page if self._rendered else None
        except PageError:
            return None

    async def _read(self, url: str) -> bytes | None:
        """The body of a good answer; of a bad one, nothing."""
        try:
            async with self._throttle.turn(url):
                resource = await self._static.fetch_resource(url)
        except PageError as error:
            logger.info("%s: %s", url, error.message)
            return None
        return resource.body if 200 <= resource.status < 300 else None


@asynccontextmanager
async def open_web(settings: Settings) -> AsyncIterator[Web]:
    """The web, behind the egress gate; the browser starts in the background."""
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(open_gate(settings.egress_allow))
        throttle = make_throttle(settings)
        static = await stack.enter_async_context(open_static_fetcher(settings, gate, throttle))
        rendered = None
        if settings.render is not RenderMode.never:
            rendered = await stack.enter_async_context(open_rendered_fetcher(settings, gate, throttle, static.cookies))
        yield Web(static, rendered, RenderPolicy(settings.render), throttle)
