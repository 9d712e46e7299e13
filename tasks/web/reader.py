"""The web as the stages see it: one page at a time, by whichever way reads it right."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.core.settings import RenderMode, Settings
from tasks.web.egress import open_gate
from tasks.web.rendered import RenderedFetcher, RenderedPage, open_rendered_fetcher
from tasks.web.rendering import SAMPLES, RenderPolicy, is_shell
from tasks.web.static import StaticFetcher, open_static_fetcher
from tasks.web.throttle import make_throttle


class Web:
    """Both fetchers and the decision between them. Each URL is requested once, an empty shell twice."""

    def __init__(self, static: StaticFetcher, rendered: RenderedFetcher | None, policy: RenderPolicy) -> None:
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
        if self._rendered is None:
            page = await self._static.fetch(target, site_may_move=True)
            self._static.prefer_language_of(page.html)
            return RenderedPage(page=page, sent_html=page.html)
        rendered = await self._rendered.fetch(target, probe=probe, site_may_move=True)
        self._static.prefer_language_of(rendered.page.html)
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
        method = self.method_for(target)
        _, why = self._chosen[target.url]
        if method is FetchMethod.browser and self._rendered is not None:
            await self._check_robots(target)
            page = await self._render(target, self._rendered)
        else:
            page = await self._static.fetch(target)
            if self._rendered is not None and is_shell(page.html):
                why = "sent as an empty shell"
                page = (await self._render(target, self._rendered)).model_copy(update={"escalated": True})
        self._chosen.pop(target.url, None)
        return page.model_copy(update={"metadata": {**page.metadata, "method": page.method, "render_reason": why}})

    async def _render(self, target: Target, fetcher: RenderedFetcher) -> FetchedPage:
        rendered = await fetcher.fetch(target)
        self._policy.learn(rendered)
        return rendered.page

    async def _check_robots(self, target: Target) -> None:
        # Scrapy asks for itself; the browser does not.
        if self._rendered is not None and not await self._static.allows(target.url):
            raise PageSkipped("robots", "robots.txt forbids it")


@asynccontextmanager
async def open_web(settings: Settings) -> AsyncIterator[Web]:
    """The web, behind the egress gate; the browser starts in the background."""
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(open_gate(settings.egress_allow))
        throttle = make_throttle(settings)
        static = await stack.enter_async_context(open_static_fetcher(settings, gate, throttle))
        rendered = None
        if settings.render is not RenderMode.never:
            rendered = await stack.enter_async_context(open_rendered_fetcher(settings, gate, throttle))
        policy = RenderPolicy(settings.render, min(SAMPLES, settings.browser_extract_workers))
        yield Web(static, rendered, policy)
