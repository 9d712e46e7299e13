"""The page writer: pages and their chunks in one transaction, idempotent under retries."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import psycopg
from psycopg import AsyncCursor
from psycopg.types.json import Jsonb

from tasks.core.database import DISK_FULL, Connection, Pool
from tasks.core.errors import BuildEnded, StorageFull, StoreFailed
from tasks.core.models import EmbeddedPage
from tasks.knowledge.indexing.search_vector import search_vector
from tasks.knowledge.language.page_language import page_language
from tasks.records.sanitizing import sanitize_json, sanitize_text

_PAGE = (
    "INSERT INTO knowledge_scraped_pages"
    " (id, job_id, page_id, url, title, content, content_hash, token_count, embedding, metadata)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %b, %s)"
    " ON CONFLICT (job_id, url) DO UPDATE SET title = excluded.title, content = excluded.content,"
    " content_hash = excluded.content_hash, token_count = excluded.token_count, scraped_at = now(),"
    " embedding = excluded.embedding, metadata = excluded.metadata RETURNING id"
)
# Chunks are copied in one stream: single INSERT statements cost the client four times the processor time.
_NEW_CHUNKS = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS new_chunks (page uuid, position int, path text[], text text, tokens int,"
    " hash text, model text, embedding vector, language text, search text) ON COMMIT DELETE ROWS"
)
_COPY_CHUNKS = "COPY new_chunks FROM STDIN (FORMAT BINARY)"
_ChunkRow = tuple[object, ...]
_CHUNK_TYPES = ("uuid", "int4", "text[]", "text", "int4", "text", "text", "vector", "text", "text")
_MERGE_CHUNKS = (
    "INSERT INTO knowledge_chunks (scraped_page_id, job_id, position, heading_path, text, token_count,"
    " content_hash, model, embedding, language, search)"
    " SELECT page, %s, position, path, text, tokens, hash, model, embedding, language, search::tsvector FROM new_chunks"
)


async def store_pages(pool: Pool, build_id: UUID, pages: Sequence[EmbeddedPage], attempt: int | None = None) -> None:
    """Write the pages with their chunks and mark their URLs as stored, in one transaction.

    A page stored before under the same URL is replaced, also when both are written concurrently.
    Characters that PostgreSQL rejects are dropped or replaced.

    Raises:
        StoreFailed: the database rejects the pages, or (retriable) is out of reach.
        StorageFull: its disk is full.
        BuildEnded: the build has ended in the meantime, or a later attempt than `attempt` has begun.
    """
    # Sorted, so that two batches with the same pages cannot deadlock.
    by_url = {page.chunked.page.url: page for page in pages}
    ordered = [by_url[url] for url in sorted(by_url)]
    try:
        chunks = await asyncio.to_thread(lambda: [list(_chunk_rows(page)) for page in ordered])
        async with pool.connection() as connection, connection.transaction():
            await _check_open(connection, build_id, attempt)
            await _write(connection, build_id, ordered, chunks)
            await _mark_stored(connection, build_id, pages)
            # Checked again, now with a lock: ending the build waits for this commit. Held from the start, the lock
            # would delay the build's events and heartbeats by whole batches.
            await _check_open(connection, build_id, attempt, "FOR SHARE")
    except DISK_FULL as error:
        raise StorageFull from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreFailed(f"the database is out of reach: {_first_line(error)}", retriable=True) from error
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise StoreFailed(f"the database rejects the pages: {_first_line(error)}") from error


async def replace_chunks(pool: Pool, build_id: UUID, page: EmbeddedPage, *, least: int) -> None:
    """Write the page's chunks in place of its stored ones from the position `least` on, also in a completed build.

    Raises:
        StoreFailed: the database rejects the chunks, or (retriable) is out of reach.
        StorageFull: its disk is full.
    """
    chunks = list(_chunk_rows(page))
    try:
        async with pool.connection() as connection, connection.transaction():
            rows = await connection.execute(
                "SELECT id FROM knowledge_scraped_pages WHERE job_id = %s AND url = %s FOR UPDATE",
                (build_id, page.chunked.page.url),
            )
            if (row := await rows.fetchone()) is None:
                return
            async with connection.cursor() as cursor:
                await cursor.execute(
                    "DELETE FROM knowledge_chunks WHERE scraped_page_id = %s AND position >= %s", (row[0], least)
                )
                await _write_chunks(cursor, build_id, [row[0]], [chunks])
            await connection.execute("SELECT knowledge_count_words(%s)", (build_id,))
    except DISK_FULL as error:
        raise StorageFull from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreFailed(f"the database is out of reach: {_first_line(error)}", retriable=True) from error
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise StoreFailed(f"the database rejects the passages: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return the error's first line: the rest may quote the page."""
    return str(error).split("\n", 1)[0]


async def _check_open(connection: Connection, build_id: UUID, attempt: int | None, lock: LiteralString = "") -> None:
    rows = await connection.execute(
        "SELECT 1 FROM scrape_jobs WHERE id = %s AND status IN ('pending', 'running')"
        f" AND attempt = coalesce(%s, attempt) {lock}",
        (build_id, attempt),
    )
    if await rows.fetchone() is None:
        raise BuildEnded("The build has ended.")


async def _write(
    connection: Connection, build_id: UUID, pages: Sequence[EmbeddedPage], chunks: Sequence[Sequence[_ChunkRow]]
) -> None:
    """Write the pages, each with the rows of its chunks."""
    async with connection.cursor() as cursor:
        await cursor.executemany(_PAGE, [_page_row(build_id, page) for page in pages], returning=True)
        ids = [row[0] async for result in cursor.results() for row in await result.fetchall()]
        await cursor.execute("DELETE FROM knowledge_chunks WHERE scraped_page_id = ANY(%s)", (ids,))
        await _write_chunks(cursor, build_id, ids, chunks)


async def _mark_stored(connection: Connection, build_id: UUID, pages: Sequence[EmbeddedPage]) -> None:
    await connection.execute(
        "UPDATE crawl_urls SET status = 'stored', error = NULL, reason = NULL WHERE job_id = %s AND url = ANY(%s)",
        (build_id, sorted(page.chunked.page.target.url for page in pages)),
    )


async def _write_chunks(
    cursor: AsyncCursor[Any], build_id: UUID, ids: Sequence[UUID], chunks: Sequence[Sequence[_ChunkRow]]
) -> None:
    """Write the rows of chunks of the pages with these ids."""
    await cursor.execute(_NEW_CHUNKS)
    async with cursor.copy(_COPY_CHUNKS) as copy:
        copy.set_types(_CHUNK_TYPES)
        for id_, rows in zip(ids, chunks, strict=True):
            for row in rows:
                await copy.write_row((id_, *row))
    await cursor.execute(_MERGE_CHUNKS, (build_id,))


def _page_row(build_id: UUID, embedded: EmbeddedPage) -> tuple[object, ...]:
    chunked = embedded.chunked
    page = chunked.page
    metadata = {**page.metadata, "embedding_model": embedded.model, "depth": page.target.depth}
    if page.facts:
        metadata["facts"] = [fact.model_dump(mode="json") for fact in page.facts]
    return (
        uuid4(),
        build_id,
        uuid5(NAMESPACE_URL, page.url),
        page.url,
        sanitize_text(page.title),
        sanitize_text(page.markdown),
        chunked.content_hash,
        chunked.token_count,
        embedded.page_vector,
        Jsonb(sanitize_json(metadata)),
    )


def _chunk_rows(embedded: EmbeddedPage) -> Iterator[_ChunkRow]:
    """Yield the rows of the page's chunks, without the page's id."""
    page = embedded.chunked.page
    title = sanitize_text(page.title)
    language = page_language(page.metadata.get("language"), page.markdown)
    for chunk, vector in zip(embedded.chunked.chunks, embedded.chunk_vectors, strict=True):
        text = sanitize_text(chunk.text)
        headings = [sanitize_text(heading) for heading in chunk.heading_path]
        yield (
            chunk.position,
            headings,
            text,
            chunk.token_count,
            chunk.content_hash,
            embedded.model,
            vector,
            language,
            search_vector([title, *headings], text, language),
        )
