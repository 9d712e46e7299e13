"""Embed stage: chunks become vectors; equal text is embedded once."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.core.boundaries import contain, failure_as
from tasks.core.database import CONNECTION_ERRORS, Pool
from tasks.core.errors import EmbeddingFailed
from tasks.core.models import ChunkedPage, EmbeddedPage
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.indexing.embedded_pages import embed_together
from tasks.knowledge.indexing.page_writer import find_stored
from tasks.retries import RETRY_FACTOR_S, is_retriable

Embedded = EmbeddedPage | EmbeddingFailed


async def embed_pages(pages: Sequence[ChunkedPage], pool: Pool, embedder: Embedder) -> list[Embedded]:
    """Return each page with its vectors, in order, or the failure if a part of the page cannot be embedded.

    Raises:
        EmbeddingFailed: the embedding process or the database cannot be reached (retriable).
        EmbeddingRefused: the service rejects our key or quota; the build cannot continue.
        EmbeddingUnavailable: the service stays away; the build cannot continue.
    """
    try:
        return await embed_together(pages, pool, embedder)
    except EmbeddingFailed:
        raise
    except Exception as error:  # noqa: BLE001 one of the pages is the cause, whatever it is
        if len(pages) == 1:
            return [failure_as(EmbeddingFailed, error, pages[0].page.url)]
        contain(error, f"{len(pages)} pages are embedded one by one")
    return [result for page in pages for result in await embed_pages([page], pool, embedder)]


async def find_known(pages: Sequence[ChunkedPage], pool: Pool, widget_id: UUID, model: str) -> list[ChunkedPage]:
    """Return the pages; those whose content the widget has already carry the stored page's id.

    If the database is out of reach, none is known: embedding and storing are retried.
    """
    new = [page for page in pages if page.stored_id is None]
    if not new:
        return list(pages)
    try:
        known = await find_stored(pool, widget_id, model, new)
    except CONNECTION_ERRORS:
        return list(pages)
    except Exception as error:  # noqa: BLE001 one of the pages is the cause, whatever it is
        contain(error, f"{len(pages)} pages are embedded without a look at the stored ones")
        return list(pages)
    ids = {id(page): known.get(at) for at, page in enumerate(new)}
    return [page.model_copy(update={"stored_id": stored}) if (stored := ids.get(id(page))) else page for page in pages]


def as_stored(page: ChunkedPage, model: str) -> EmbeddedPage:
    """Return a page that is stored, without vectors."""
    return EmbeddedPage(chunked=page, model=model, page_vector=np.empty(0, np.float32), chunk_vectors=())


@task(
    name="embed",
    task_run_name="embed {name}",
    tags=["embed"],
    retries=2,
    retry_delay_seconds=exponential_backoff(RETRY_FACTOR_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retriable,
    cache_policy=NO_CACHE,
)
async def embed(name: str, pages: Sequence[ChunkedPage], pool: Pool, embedder: Embedder) -> list[Embedded]:
    """Run `embed_pages` as a Prefect task named after its pages."""
    return await embed_pages(pages, pool, embedder)
