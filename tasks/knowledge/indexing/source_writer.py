"""Writes sources: an owner's files and texts are stored as pages are, and answered from at once."""

import asyncio
from uuid import UUID

import psycopg

from tasks.core.boundaries import contain
from tasks.core.database import DISK_FULL, Pool
from tasks.core.errors import EmbeddingFailed, StorageFull, StoreFailed
from tasks.core.models import ChunkedPage, EmbeddedPage, ReadPage, Target
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page
from tasks.knowledge.indexing.embedded_pages import embed_together
from tasks.knowledge.indexing.page_writer import write_page
from tasks.records.sources import (
    SourceText,
    check_room,
    read_sources_of_other_models,
    refer_to_page,
    replace_source,
    write_source,
)

METHOD = "source"
"""`method` in the metadata of a source's page."""


async def save_source(
    pool: Pool, embedder: Embedder, widget_id: UUID, source: SourceText, *, replaces: bool = False
) -> None:
    """Embed and store the source, or put it in place of the one with its id; answers have it from then on.

    Raises:
        InvalidRequest: the widget has too many sources, or this text already.
        NotFound: the widget was deleted meanwhile, or the source to replace.
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: its text cannot be embedded.
        StoreFailed: the database rejects it.
        StorageFull: the database's disk is full.
    """
    # Before its text is embedded, which may cost money, and again with the lock kept.
    async with pool.connection() as connection:
        await check_room(connection, widget_id, source.text_hash, replaces=source.id if replaces else None)
    page = await _embed(pool, embedder, source)
    try:
        async with pool.connection() as connection, connection.transaction():
            await check_room(connection, widget_id, source.text_hash, replaces=source.id if replaces else None)
            write = replace_source if replaces else write_source
            await write(connection, widget_id, source, await write_page(connection, widget_id, page))
    except DISK_FULL as error:
        raise StorageFull from error
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise StoreFailed(f"the database rejects the source: {str(error).splitlines()[0]}") from error


async def renew_sources(pool: Pool, embedder: Embedder, widget_id: UUID) -> int:
    """Store the widget's sources for this embedding model, where they are not; return their number.

    Raises:
        EmbeddingRefused, EmbeddingUnavailable: the embedding service rejects us, or stays away.
    """
    renewed = 0
    for source in await read_sources_of_other_models(pool, widget_id, embedder.model):
        try:
            page = await _embed(pool, embedder, source)
        except EmbeddingFailed as error:
            # The site is answered from without it, as without a page that fails.
            contain(error, f"the source {source.id}")
            continue
        async with pool.connection() as connection, connection.transaction():
            await refer_to_page(connection, source.id, await write_page(connection, widget_id, page))
        renewed += 1
    return renewed


async def _embed(pool: Pool, embedder: Embedder, source: SourceText) -> EmbeddedPage:
    chunked = await asyncio.to_thread(_in_chunks, source, embedder.model)
    [embedded] = await embed_together([chunked], pool, embedder)
    if isinstance(embedded, EmbeddingFailed):
        raise embedded
    return embedded


def _in_chunks(source: SourceText, model: str) -> ChunkedPage:
    read = ReadPage(
        target=Target(url=source.url, depth=0),
        url=source.url,
        title=source.title,
        markdown=source.text,
        metadata={"method": METHOD},
    )
    return chunk_page(read, load_tokenizer(model))
