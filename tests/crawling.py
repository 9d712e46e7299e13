"""Builds without Prefect: the flow's own pipeline, fetchers, database and child processes.

For tests of what a build reads, which need many sites; runs in Prefect are tested on the whole product.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from prefect import Task

from flows import extract_stage, knowledge_stages, scrape_stage, start_page
from flows.outcome import finish
from flows.pipeline import Pipeline
from flows.progress import Progress
from flows.start_page import OpenedSite, open_site
from flows.workspace import EMBEDDING_PATIENCE_S, Workspace, prior_pages
from tasks.core.database import Pool
from tasks.core.models import BuildRequest, Statistics
from tasks.core.requests import settings_for
from tasks.core.settings import Settings
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.knowledge.facts.site_facts import open_site_facts
from tasks.records.build_events import read_events
from tasks.records.builds import start_build
from tasks.records.crawl_record import CrawlRecord
from tasks.records.new_builds import create_build, create_rebuild
from tasks.web.reader import open_web


@dataclass(frozen=True)
class Crawled:
    """The pages and statistics of a build."""

    build_id: UUID
    pages: dict[str, dict[str, Any]]
    """Metadata of the stored pages in the order of the site, by path with query and route."""
    statistics: Statistics
    widget_id: UUID
    diff: dict[str, int] | None
    """Changes by a published re-crawl."""
    left_out: list[dict[str, Any]]
    """Families of which not all URLs were read, from the events: pattern, URLs read, URLs left out."""

    @property
    def names(self) -> set[str]:
        """The paths, without query and parameters."""
        return {path.split("?")[0].split(";")[0].rstrip("/") or "/" for path in self.pages}


@dataclass(frozen=True)
class Crawler:
    """Runs builds that share a pool."""

    pool: Pool

    async def crawl(self, url: str, *, depth: int = 5, max_pages: int = 500, **settings: Any) -> Crawled:
        """Build the site to the end."""
        return await self.go_on(await self.record(url, depth, max_pages), **settings)

    async def record(self, url: str, depth: int = 5, max_pages: int = 500, **rules: Any) -> UUID:
        """Record a build by the rules without starting it."""
        request = BuildRequest(url=f"{url}/", depth=depth, max_pages=max_pages, **rules)
        return (await create_build(self.pool, request)).build_id

    async def break_off(self, shared: Workspace, build_id: UUID, is_enough: Callable[[], bool]) -> None:
        """Start an attempt of the build, and cancel it as soon as it has done enough."""
        attempt = asyncio.create_task(self.go_on_in(shared, build_id))
        while not attempt.done() and not is_enough():
            await asyncio.sleep(0.02)
        attempt.cancel()
        await asyncio.wait([attempt])

    async def go_on(self, build_id: UUID, **more: Any) -> Crawled:
        """Run an attempt of the build, which resumes where the one before it stopped."""
        async with self.open_workspace(build_id, **more) as space:
            return await self._build(space)

    async def crawl_in(self, shared: Workspace, url: str, *, depth: int = 5, max_pages: int = 500) -> Crawled:
        """Build the site to the end with the resources of another workspace, which costs a fraction of the time."""
        return await self.go_on_in(shared, await self.record(url, depth, max_pages))

    async def go_on_in(self, shared: Workspace, build_id: UUID) -> Crawled:
        """Run an attempt of the build with the resources of another workspace."""
        return await self._build(await self._share(shared, build_id))

    async def publish_in(
        self,
        shared: Workspace,
        url: str,
        widget_id: UUID | None = None,
        *,
        depth: int = 5,
        max_pages: int = 500,
        **rules: Any,
    ) -> Crawled:
        """Build the site by the rules and publish it, as the next build of the widget if one is given."""
        request = BuildRequest(url=f"{url}/", depth=depth, max_pages=max_pages, **rules)
        new = await (create_rebuild(self.pool, widget_id, request) if widget_id else create_build(self.pool, request))
        return await self.publish_attempt_in(shared, new.build_id)

    async def publish_attempt_in(self, shared: Workspace, build_id: UUID) -> Crawled:
        """Run an attempt of the build, which goes on where the one before it stopped, and publish it."""
        space = await self._share(shared, build_id)
        site = await self._read(space)
        await finish(space, None, site.frontier.scope)
        return await self._describe(space)

    async def _share(self, shared: Workspace, build_id: UUID) -> Workspace:
        job = await start_build(self.pool, build_id, None)
        settings = settings_for(shared.settings, job.request)
        return replace(
            shared,
            job=job,
            settings=settings,
            progress=Progress(self.pool, job, None),
            crawl_record=CrawlRecord(self.pool, build_id),
            prior=prior_pages(settings, self.pool, job, shared.embedder.model),
            site_facts=await open_site_facts(self.pool, job),
        )

    async def _build(self, space: Workspace) -> Crawled:
        await self._read(space)
        return await self._describe(space)

    async def _read(self, space: Workspace) -> OpenedSite:
        site = await open_site(space)
        await space.web.take_picture()
        await Pipeline(space, site, _slot).run()
        return site

    @asynccontextmanager
    async def open_workspace(self, build_id: UUID, **more: Any) -> AsyncIterator[Workspace]:
        """The workspace of an attempt of the build, with the given settings."""
        ours: dict[str, Any] = {"egress_allow": (ip_network("127.0.0.0/8"),), "page_timeout_s": 20}
        settings = Settings(_env_file=None, **(ours | more))
        job = await start_build(self.pool, build_id, None)
        async with (
            open_web(settings) as web,
            open_embedder(settings, web.readers, patience_s=EMBEDDING_PATIENCE_S) as embedder,
        ):
            yield Workspace(
                job=job,
                settings=settings,
                pool=self.pool,
                web=web,
                processes=web.readers,
                embedder=embedder,
                progress=Progress(self.pool, job, None),
                crawl_record=CrawlRecord(self.pool, job.build_id),
                prior=prior_pages(settings, self.pool, job, embedder.model),
                site_facts=await open_site_facts(self.pool, job),
            )

    async def _describe(self, space: Workspace) -> Crawled:
        build_id = space.job.build_id
        async with self.pool.connection() as connection:
            rows = await connection.execute(
                "SELECT url, metadata FROM knowledge_scraped_pages WHERE job_id = %s"
                " ORDER BY (metadata ->> 'order')::int",
                (build_id,),
            )
            pages = {urlsplit(u)._replace(scheme="", netloc="").geturl(): data for u, data in await rows.fetchall()}
        events = await read_events(self.pool, build_id)
        left_out = [family for event in events for family in (event.data or {}).get("left_out", ())]
        diff = next((event.data["diff"] for event in events if event.data and "diff" in event.data), None)
        return Crawled(build_id, pages, space.progress.statistics, space.job.widget_id, diff, left_out)


@pytest.fixture(scope="session")
async def plain_space(crawler: Crawler) -> AsyncIterator[Workspace]:
    """A workspace without a browser, whose resources many builds share (`Crawler.crawl_in`)."""
    build_id = await crawler.record("http://127.0.0.1:9")
    async with crawler.open_workspace(build_id, render="never") as space:
        yield space


@pytest.fixture(scope="session")
async def browser_space(crawler: Crawler) -> AsyncIterator[Workspace]:
    """A workspace with a browser, whose resources many builds share (`Crawler.crawl_in`)."""
    build_id = await crawler.record("http://127.0.0.1:9")
    async with crawler.open_workspace(build_id) as space:
        yield space


@asynccontextmanager
async def _slot(_limit: str) -> AsyncIterator[None]:
    yield


async def _run_plainly(task: "Task[..., Coroutine[Any, Any, Any]]", *args: Any, **kwargs: Any) -> Any:
    return await task.fn(*args, **kwargs)


@contextmanager
def open_crawler(pool: Pool) -> Iterator[Crawler]:
    """Run the flow's tasks as plain functions."""
    with pytest.MonkeyPatch.context() as patch:
        for stage in (extract_stage, scrape_stage, knowledge_stages):
            patch.setattr(stage, "run_task", _run_plainly)
        # It is a function already while another pool's crawler is open in the same process.
        if isinstance(start_page.theme, Task):
            patch.setattr(start_page, "theme", start_page.theme.fn)
        yield Crawler(pool)


@pytest.fixture(scope="session")
async def crawler(pool: Pool) -> AsyncIterator[Crawler]:
    """Builds of any site on loopback."""
    with open_crawler(pool) as crawler:
        yield crawler
