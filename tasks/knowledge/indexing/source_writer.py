"""Writes sources: an owner's files and texts are stored as pages are, and answered from at once."""

from uuid import UUID

import psycopg

from tasks.core.boundaries import contain
from tasks.core.database import DISK_FULL, Connection, Pool
from tasks.core.errors import CallFailed, EmbeddingFailed, StorageFull, StoreFailed
from tasks.core.models import ChunkedPage, EmbeddedPage, ReadPage, Target
from tasks.core.processes import Processes
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.indexing.embedded_pages import embed_together
from tasks.knowledge.indexing.page_writer import write_page
from tasks.knowledge.indexing.source_chunks import CUTTING, cut_source
from tasks.records.sources import (
    SourceText,
    check_room,
    check_tokens,
    read_sources_of_other_models,
    refer_to_page,
    replace_source,
    write_source,
)

METHOD = "source"
"""`method` in the metadata of a source's page."""


async def save_source(
    pool: Pool,
    processes: Processes,
    embedder: Embedder,
    widget_id: UUID,
    source: SourceText,
    *,
    replaces: bool = False,
) -> None:
    """Cut the source in a child process, embed and store it, or put it in place of the one with its id.

    Answers have it from then on.

    Raises:
        CallFailed: its text cannot be cut into passages within limits.
        InvalidRequest: the widget has too many sources, or this text already, or its workspace has too much text.
        NotFound: the widget was deleted meanwhile, or the source to replace.
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: its text cannot be embedded.
        StoreFailed: the database rejects it.
        StorageFull: the database's disk is full.
    """
    chunked = await _cut(processes, embedder.model, source)

    async def check(connection: Connection) -> None:
        await check_room(connection, widget_id, source.text_hash, replaces=source.id if replaces else None)
        await check_tokens(connection, widget_id, source.id, chunked.token_count)

    # Before its text is embedded, which may cost money, and again with the locks kept.
    async with pool.connection() as connection:
        await check(connection)
    page = await _embed(pool, embedder, chunked)
    try:
        async with pool.connection() as connection, connection.transaction():
            await check(connection)
            write = replace_source if replaces else write_source
            await write(connection, widget_id, source, await write_page(connection, widget_id, page))
    except DISK_FULL as error:
        raise StorageFull from error
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise StoreFailed(f"the database rejects the source: {str(error).splitlines()[0]}") from error


async def renew_sources(pool: Pool, processes: Processes, embedder: Embedder, widget_id: UUID) -> int:
    """Store the widget's sources for this embedding model, where they are not; return their number.

    Raises:
        EmbeddingRefused, EmbeddingUnavailable: the embedding service rejects us, or stays away.
    """
    renewed = 0
    for source in await read_sources_of_other_models(pool, widget_id, embedder.model):
        try:
            page = await _embed(pool, embedder, await _cut(processes, embedder.model, source))
        except (CallFailed, EmbeddingFailed) as error:
            # The site is answered from without it, as without a page that fails.
            contain(error, f"the source {source.id}")
            continue
        async with pool.connection() as connection, connection.transaction():
            await refer_to_page(connection, source.id, await write_page(connection, widget_id, page))
        renewed += 1
    return renewed


async def _cut(processes: Processes, model: str, source: SourceText) -> ChunkedPage:
    read = ReadPage(
        target=Target(url=source.url, depth=0),
        url=source.url,
        title=source.title,
        markdown=source.text,
        metadata={"method": METHOD},
    )
    # Not here: a text that takes a minute to cut would hold up all requests of the process.
    return await processes.call(CUTTING, cut_source, read, model)


async def _embed(pool: Pool, embedder: Embedder, chunked: ChunkedPage) -> EmbeddedPage:
    [embedded] = await embed_together([chunked], pool, embedder)
    if isinstance(embedded, EmbeddingFailed):
        raise embedded
    return embedded
