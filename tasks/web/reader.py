"""The web as the stages see it: one page at a time, by whichever way reads it right."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from tasks.core.errors import PageError
from tasks.core.models import FetchedPage, FetchMethod, Link, Target
from tasks.core.settings import RenderMode, Settings
from tasks.web.egress import open_gate
from tasks.web.rendered import RenderedFetcher, RenderedPage, open_rendered_fetcher
from tasks.web.rendering import SAMPLES, RenderPolicy, is_shell
from tasks.web.sitemaps import find_hints
from tasks.web.static import StaticFetcher, open_static_fetcher
from tasks.web.throttle import Throttle

logger = logging.getLogger("widget_builder.web")


class Web:
    """Both fetchers and the decision between them. Each URL is requested once, an empty shell twice."""

    def __init__(
        self, static: StaticFetcher, rendered: RenderedFetcher | None, policy: RenderPolicy, throttle: Throttle
    ) -> None:
        self._throttle = throttle
        self._static = static
        self._rendered = rendered
        self._policy = policy
        self._chosen: dict[str, tuple[FetchMethod, str]] = {}

    async def load_home(self, target: Target, probe: str) -> RenderedPage:
        """The start page, wherever it redirects to; with rendering off, as sent and without a probe.

        Raises:
            PageError: it cannot be read.
        """
        await self._check_robots(target)
        async with self._throttle.turn(target.url):
            if self._rendered is None:
                page = await self._static.fetch(target, site_may_move=True)
                return RenderedPage(page=page, sent_html=page.html)
            rendered = await self._rendered.fetch(target, probe=probe, site_may_move=True)
        self._policy.learn(rendered)
        return rendered

    def method_for(self, target: Target) -> FetchMethod:
        """How the page will be fetched; decided once."""
        if target.url not in self._chosen:
            self._chosen[target.url] = self._policy.choose(target)
        return self._chosen[target.url][0]

    async def fetch(self, target: Target) -> FetchedPage:
        """The page; how it was rendered and why is in its metadata.

        Raises:
            PageError: it failed, or is left out.
        """
        await self._check_robots(target)
        method = self.method_for(target)
        _, why = self._chosen[target.url]
        if method is FetchMethod.browser and self._rendered is not None:
            page = await self._render(target, self._rendered)
        else:
            async with self._throttle.turn(target.url):
                page = await self._static.fetch(target)
            if self._rendered is not None and is_shell(page.html):
                why = "sent as an empty shell"
                page = (await self._render(target, self._rendered)).model_copy(update={"escalated": True})
        self._chosen.pop(target.url, None)
        return page.model_copy(update={"metadata": {**page.metadata, "method": page.method, "render_reason": why}})

    async def _render(self, target: Target, fetcher: RenderedFetcher) -> FetchedPage:
        async with self._throttle.turn(target.url):
            rendered = await fetcher.fetch(target)
        self._policy.learn(rendered)
        return rendered.page

    async def _check_robots(self, target: Target) -> None:
        await self._static.robots.check(target.url)
        self._throttle.slow_down(target.url, await self._static.robots.delay_s(target.url))

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
        """What the site answers, with a good status, to a URL that it cannot have."""
        try:
            await self._static.robots.check(url)
            async with self._throttle.turn(url):
                return await self._static.fetch(Target(url=url, depth=0))
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
        static = await stack.enter_async_context(open_static_fetcher(settings, gate))
        rendered = None
        if settings.render is not RenderMode.never:
            rendered = await stack.enter_async_context(open_rendered_fetcher(settings, gate))
        policy = RenderPolicy(settings.render, min(SAMPLES, settings.browser_extract_workers))
        throttle = Throttle(settings.crawl_delay_s, settings.host_concurrency or settings.lanes)
        yield Web(static, rendered, policy, throttle)
