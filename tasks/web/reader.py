"""The web as the stages see it: one page at a time, by whichever way reads it right."""

import asyncio
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
from tasks.web.static import KnownAlready, StaticFetcher, open_static_fetcher

logger = logging.getLogger("widget_builder.web")


class Pace:
    """Keeps requests to the site apart: waiting for one's turn is not part of the page's own time."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._next = 0.0

    def slow_to(self, delay_s: float) -> None:
        """Keep requests at least so far apart."""
        self._delay_s = max(self._delay_s, delay_s)

    async def take_turn(self) -> None:
        """Return when the next request may be made."""
        if not self._delay_s:
            return
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + self._delay_s
        await asyncio.sleep(turn - now)


class Web:
    """Both fetchers and the decision between them. Each URL is requested once, an empty shell twice."""

    def __init__(
        self, static: StaticFetcher, rendered: RenderedFetcher | None, policy: RenderPolicy, pace: Pace
    ) -> None:
        self._pace = pace
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
        await self._pace.take_turn()
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
            await self._pace.take_turn()
            page = await self._static.fetch(target)
            if self._rendered is not None and is_shell(page.html):
                why = "sent as an empty shell"
                page = (await self._render(target, self._rendered)).model_copy(update={"escalated": True})
        self._chosen.pop(target.url, None)
        return page.model_copy(update={"metadata": {**page.metadata, "method": page.method, "render_reason": why}})

    async def _render(self, target: Target, fetcher: RenderedFetcher) -> FetchedPage:
        await self._pace.take_turn()
        rendered = await fetcher.fetch(target)
        self._policy.learn(rendered)
        return rendered.page

    async def _check_robots(self, target: Target) -> None:
        await self._static.robots.check(target.url)
        self._pace.slow_to(await self._static.robots.delay_s(target.url))

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
        """What the site answers, with a good status, to a URL that it cannot have."""
        try:
            await self._static.robots.check(url)
            await self._pace.take_turn()
            return await self._static.fetch(Target(url=url, depth=0))
        except PageError:
            return None

    async def _read(self, url: str) -> bytes | None:
        """The body of a good answer; of a bad one, nothing."""
        await self._pace.take_turn()
        try:
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
        yield Web(static, rendered, policy, Pace(settings.crawl_delay_s))
