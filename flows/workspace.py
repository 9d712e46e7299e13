"""The workspace of a build: its job, settings and resources, opened at its start, closed at its end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from flows.prepared_web import open_run_web
from flows.progress import Progress
from tasks.core.database import Pool, open_pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.models import Job
from tasks.core.processes import Processes
from tasks.core.requests import settings_for
from tasks.core.settings import Settings
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.knowledge.facts.site_facts import SiteFacts, open_site_facts
from tasks.reading import reading_signature
from tasks.records.crawl_record import CrawlRecord
from tasks.records.host_claims import HostClaims
from tasks.records.prior_pages import PriorPages
from tasks.web.reader import Web

EMBEDDING_PATIENCE_S = 180.0
"""Seconds that a build waits for an embedding service that is down."""


@dataclass(frozen=True)
class Workspace:
    """One build's job, settings and open resources."""

    job: Job
    settings: Settings
    pool: Pool
    web: Web
    processes: Processes
    embedder: Embedder
    progress: Progress
    crawl_record: CrawlRecord
    prior: PriorPages
    """The pages of the build that this one replaces."""
    site_facts: SiteFacts
    """Contact data, opening hours … of all pages together."""


def prior_pages(settings: Settings, pool: Pool, job: Job, model: str) -> PriorPages:
    """Return the pages of the build that the job replaces, as far as they were read as now."""
    reading = reading_signature(settings.chunk_tokens, settings.read_noindex, settings.render)
    return PriorPages(pool, job.replaces, model, reading, job.request.depth, keep_missing=not job.allow_fewer_pages)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Pool]:
    """Open the connection pool of a flow.

    Raises:
        DependencyUnavailable: no database is configured, or the database does not respond.
    """
    if settings.database_url is None:
        raise DependencyUnavailable(
            "PostgreSQL", "DATABASE_URL is not set", "start `widget-builder up`, or set DATABASE_URL for the worker"
        )
    async with open_pool(settings.database_url.get_secret_value()) as pool:
        yield pool


@asynccontextmanager
async def open_workspace(settings: Settings, pool: Pool, job: Job, progress: Progress) -> AsyncIterator[Workspace]:
    """Open the build's resources; the slow ones (child processes, browser) start in the background.

    The rules of the widget take the place of the settings of the same names.
    """
    own = settings_for(settings, job.request)
    async with AsyncExitStack() as stack:
        # Of the rules, only the render mode matters there: a web that was opened ahead fits whatever the others say.
        web = await stack.enter_async_context(open_run_web(settings.model_copy(update={"render": own.render})))
        web.readers.warm_up()
        await stack.enter_async_context(web.share_hosts(HostClaims(pool, job.build_id)))
        embedder = await stack.enter_async_context(
            open_embedder(settings, web.readers, pool, patience_s=EMBEDDING_PATIENCE_S)
        )
        progress.embedder = embedder
        yield Workspace(
            job=job,
            settings=own,
            pool=pool,
            web=web,
            processes=web.readers,
            embedder=embedder,
            progress=progress,
            crawl_record=CrawlRecord(pool, job.build_id),
            prior=prior_pages(own, pool, job, embedder.model),
            site_facts=await open_site_facts(pool, job),
        )
