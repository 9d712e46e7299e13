"""Builds without Prefect around them: the flow's own pipeline, fetchers, database and child processes.

For tests of what a build reads, which need many sites; that Prefect carries it out is tested on the whole product.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from prefect import Task

from flows import pipeline, start_page
from flows.pipeline import Pipeline
from flows.progress import Progress
from flows.start_page import open_site
from flows.workspace import CHILD_MODULE, CHILDREN, Workspace
from tasks.core.database import Pool
from tasks.core.models import BuildRequest, Statistics
from tasks.core.processes import Processes, open_processes
from tasks.core.settings import Settings
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.records.build_events import read_events
from tasks.records.builds import start_build
from tasks.records.crawl_record import CrawlRecord
from tasks.records.new_builds import create_build
from tasks.web.reader import Web, open_web


@dataclass(frozen=True)
class Crawled:
    """What a build has read."""

    build_id: UUID
    pages: dict[str, dict[str, Any]]
    """Metadata of the stored pages in the order of the site, by path with query and route."""
    statistics: Statistics
    left_out: list[dict[str, Any]]
    """Families of which not all was read, as told: pattern, how many were read and left out."""

    @property
    def names(self) -> set[str]:
        """The paths, without what varies from one address of a page to another."""
        return {path.split("?")[0].split(";")[0].rstrip("/") or "/" for path in self.pages}


@dataclass(frozen=True)
class Crawler:
    """What builds share."""

    pool: Pool
    processes: Processes

    async def crawl(self, url: str, *, depth: int = 5, max_pages: int = 500, **settings: Any) -> Crawled:
        """A build of the site, to its end."""
        return await self.go_on(await self.record(url, depth, max_pages), **settings)

    async def record(self, url: str, depth: int = 5, max_pages: int = 500) -> UUID:
        """A build that has not begun."""
        request = BuildRequest(url=f"{url}/", depth=depth, max_pages=max_pages)
        return (await create_build(self.pool, request)).build_id

    async def break_off(self, build_id: UUID, is_enough: Callable[[], bool]) -> None:
        """An attempt of the build that ends as if it were killed, as soon as it has done enough."""
        attempt = asyncio.create_task(self.go_on(build_id))
        while not attempt.done() and not is_enough():
            await asyncio.sleep(0.02)
        attempt.cancel()
        await asyncio.wait([attempt])

    async def go_on(self, build_id: UUID, **more: Any) -> Crawled:
        """An attempt of the build, which goes on where the one before it stopped."""
        options = Settings(egress_allow=(ip_network("127.0.0.0/8"),), page_timeout_s=20, _env_file=None, **more)
        async with open_web(options) as web, self._workspace(options, build_id, web) as space:
            beginning = await open_site(space)
            await space.web.take_picture()
            await Pipeline(space, beginning, _slot).run()
            return await self._describe(space)

    @asynccontextmanager
    async def _workspace(self, settings: Settings, build_id: UUID, web: Web) -> AsyncIterator[Workspace]:
        job = await start_build(self.pool, build_id, None)
        async with open_embedder(settings, self.processes) as embedder:
            yield Workspace(
                job=job,
                settings=settings,
                pool=self.pool,
                web=web,
                processes=self.processes,
                embedder=embedder,
                progress=Progress(self.pool, job, None),
                crawl_record=CrawlRecord(self.pool, job.build_id),
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
        return Crawled(build_id, pages, space.progress.statistics, left_out)


@asynccontextmanager
async def _slot(_limit: str) -> AsyncIterator[None]:
    yield


async def _run_plainly(task: "Task[..., Coroutine[Any, Any, Any]]", *args: Any, **kwargs: Any) -> Any:
    return await task.fn(*args, **kwargs)


@pytest.fixture(scope="session")
async def crawler(pool: Pool) -> AsyncIterator[Crawler]:
    """Builds of any site on loopback."""
    with pytest.MonkeyPatch.context() as patch, open_processes(CHILDREN, CHILD_MODULE) as processes:
        patch.setattr(pipeline, "run_task", _run_plainly)
        patch.setattr(start_page, "theme", start_page.theme.fn)
        yield Crawler(pool, processes)
