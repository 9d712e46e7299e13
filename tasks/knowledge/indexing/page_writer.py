"""The page writer: pages and their chunks in one transaction, idempotent under retries.

A page whose content the widget has already, from this build or another, is not written again: the build refers to it.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from pgvector import HalfVector
from psycopg import AsyncCursor
from psycopg.types.json import Jsonb

from tasks.core.database import DISK_FULL, Connection, Pool
from tasks.core.errors import BuildEnded, StorageFull, StoreFailed
from tasks.core.models import ChunkedPage, EmbeddedPage
from tasks.knowledge.embedding.embedder import stored_dimensions
from tasks.knowledge.indexing.chunks import text_hash
from tasks.knowledge.indexing.search_vector import search_vector
from tasks.knowledge.language.page_language import page_language
from tasks.records.chunk_tables import chunk_table
from tasks.records.packing import pack_fingerprint, pack_links
from tasks.records.page_references import FIND_PAGE, refer_to_pages
from tasks.records.sanitizing import sanitize_json, sanitize_text

_PAGE = (
    "INSERT INTO stored_pages AS known (widget_id, page_id, digest, url, title, content, content_hash, token_count,"
    " model, embedding, metadata, links, fingerprint) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %b, %s, %s, %s)"
    " ON CONFLICT (widget_id, page_id, digest) DO UPDATE SET metadata = excluded.metadata,"
    " links = coalesce(excluded.links, known.links), fingerprint = excluded.fingerprint RETURNING id, xmax = 0"
)
_KNOWN_PAGE = (
    "UPDATE stored_pages SET metadata = %(metadata)s, links = coalesce(%(links)s, links) WHERE id = %(id)s"
    " AND (metadata, links) IS DISTINCT FROM (%(metadata)s, coalesce(%(links)s, links))"
)
# Chunks are copied in one stream: single INSERT statements cost the client four times the processor time.
_NEW_CHUNKS = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS new_chunks (page uuid, position int, path text[], text text, tokens int,"
    " hash text, model text, embedding halfvec, language text, search text) ON COMMIT DELETE ROWS"
)
_COPY_CHUNKS = "COPY new_chunks FROM STDIN (FORMAT BINARY)"
_CHUNK_TYPES = ("uuid", "int4", "text[]", "text", "int4", "text", "text", "halfvec", "text", "text")
_MERGE_CHUNKS: LiteralString = (
    "INSERT INTO {table} (scraped_page_id, widget_id, position, heading_path, text, token_count,"
    " content_hash, model, embedding, language, terms)"
    " SELECT page, %s, position, path, text, tokens, hash, model, embedding, language,"
    " knowledge_terms(search::tsvector) FROM new_chunks"
)
_PER_BUILD = ("order", "depth", "aliases")
"""Metadata of a page that belongs to its build."""
_Row = tuple[object, ...]


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
    new = [page for page in ordered if page.chunked.stored_id is None]
    try:
        rows = await asyncio.to_thread(lambda: [(_page_row(page), list(_chunk_rows(page))) for page in new])
        async with pool.connection() as connection, connection.transaction():
            widget_id = await _check_open(connection, build_id, attempt)
            ids = await _write(connection, widget_id, rows)
            stored = {page.chunked.page.url: id_ for page, id_ in zip(new, ids, strict=True)}
            stored |= await _renew_known(connection, ordered)
            await refer_to_pages(connection, build_id, [page.chunked for page in pages], stored)
            # Checked again, now with a lock: ending the build waits for this commit. Held from the start, the lock
            # would delay the build's events and heartbeats by whole batches.
            await _check_open(connection, build_id, attempt, "FOR SHARE")
    except DISK_FULL as error:
        raise StorageFull from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreFailed(f"the database is out of reach: {_first_line(error)}", retriable=True) from error
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise StoreFailed(f"the database rejects the pages: {_first_line(error)}") from error


async def find_stored(pool: Pool, widget_id: UUID, model: str, pages: Sequence[ChunkedPage]) -> Mapping[int, UUID]:
    """Return the widget's stored pages with the same content as these, by their index."""
    keys = [(uuid5(NAMESPACE_URL, page.page.url), content_digest(page, model)) for page in pages]
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT asked.at - 1, id FROM unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS asked (page, digest, at)"
            " JOIN stored_pages ON widget_id = %s AND page_id = asked.page AND stored_pages.digest = asked.digest",
            ([page for page, _ in keys], [digest for _, digest in keys], widget_id),
        )
        return {row[0]: row[1] for row in await rows.fetchall()}


def content_digest(page: ChunkedPage, model: str) -> UUID:
    """Return a digest of what is stored of a page and shown: its model, title, text, chunks and language."""
    read = page.page
    parts = [model, read.title, page.content_hash, str(page_language(read.metadata.get("language"), read.markdown))]
    parts += [chunk.content_hash for chunk in page.chunks]
    return UUID(text_hash("\n".join(parts))[:32])


async def write_page(connection: Connection, widget_id: UUID, page: EmbeddedPage) -> UUID:
    """Write a page that no build refers to, with its chunks, in the connection's transaction; return its id."""
    rows = await asyncio.to_thread(lambda: [(_page_row(page), list(_chunk_rows(page)))])
    [id_] = await _write(connection, widget_id, rows)
    return id_


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
                FIND_PAGE + " FOR NO KEY UPDATE OF page", {"job": build_id, "page": _page_id(page.chunked)}
            )
            if (row := await rows.fetchone()) is None:
                return
            async with connection.cursor() as cursor:
                await cursor.execute(
                    f"DELETE FROM {chunk_table(row[1])} WHERE scraped_page_id = %s AND position >= %s", (row[0], least)
                )
                await _write_chunks(cursor, row[1], [row[0]], [chunks])
    except DISK_FULL as error:
        raise StorageFull from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreFailed(f"the database is out of reach: {_first_line(error)}", retriable=True) from error
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise StoreFailed(f"the database rejects the passages: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return the error's first line: the rest may quote the page."""
    return str(error).split("\n", 1)[0]


async def _check_open(connection: Connection, build_id: UUID, attempt: int | None, lock: LiteralString = "") -> UUID:
    """Return the build's widget; raise BuildEnded if the build has ended."""
    rows = await connection.execute(
        "SELECT widget_id FROM scrape_jobs WHERE id = %s AND status IN ('pending', 'running')"
        f" AND attempt = coalesce(%s, attempt) {lock}",
        (build_id, attempt),
    )
    if (row := await rows.fetchone()) is None:
        raise BuildEnded("The build has ended.")
    return UUID(str(row[0]))


async def _write(connection: Connection, widget_id: UUID, pages: Sequence[tuple[_Row, list[_Row]]]) -> list[UUID]:
    """Write the pages, each with the rows of its chunks; return their ids."""
    if not pages:
        return []
    async with connection.cursor() as cursor:
        await cursor.executemany(_PAGE, [(widget_id, *page) for page, _ in pages], returning=True)
        written = [row async for result in cursor.results() for row in await result.fetchall()]
        # The chunks of a page that was there are there.
        fresh = [(id_, chunks) for (id_, is_new), (_, chunks) in zip(written, pages, strict=True) if is_new]
        await _write_chunks(cursor, widget_id, [id_ for id_, _ in fresh], [chunks for _, chunks in fresh])
    return [row[0] for row in written]


async def _renew_known(connection: Connection, pages: Sequence[EmbeddedPage]) -> dict[str, UUID]:
    """Update the metadata of the known pages that were read again; return their ids by URL."""
    known = {page.chunked.page.url: page.chunked for page in pages if page.chunked.stored_id is not None}
    ids = {url: page.stored_id for url, page in known.items() if page.stored_id is not None}
    rows = await connection.execute("SELECT id FROM stored_pages WHERE id = ANY(%s) FOR KEY SHARE", ([*ids.values()],))
    if len(await rows.fetchall()) < len(set(ids.values())):
        raise StoreFailed("the stored page is gone", retriable=False)
    for url, page in known.items():
        if page.chunks:
            links = None if page.links is None else pack_links(page.links)
            values = {"id": ids[url], "metadata": _metadata(page), "links": links}
            await connection.execute(_KNOWN_PAGE, values)
    return ids


async def _write_chunks(
    cursor: AsyncCursor[Any], widget_id: UUID, ids: Sequence[UUID], chunks: Sequence[Sequence[_Row]]
) -> None:
    """Write the rows of chunks of the pages with these ids."""
    if not any(chunks):
        return
    await cursor.execute(_NEW_CHUNKS)
    async with cursor.copy(_COPY_CHUNKS) as copy:
        copy.set_types(_CHUNK_TYPES)
        for id_, rows in zip(ids, chunks, strict=True):
            for row in rows:
                await copy.write_row((id_, *row))
    await cursor.execute(_MERGE_CHUNKS.format(table=chunk_table(widget_id)), (widget_id,))


def _page_id(page: ChunkedPage) -> UUID:
    return uuid5(NAMESPACE_URL, page.page.url)


def _metadata(page: ChunkedPage) -> Jsonb:
    read = page.page
    metadata = {name: value for name, value in read.metadata.items() if name not in _PER_BUILD}
    if read.facts:
        metadata["facts"] = [fact.model_dump(mode="json") for fact in read.facts]
    return Jsonb(sanitize_json(metadata))


def _page_row(embedded: EmbeddedPage) -> _Row:
    """Return the page's row, without the widget."""
    chunked = embedded.chunked
    page = chunked.page
    return (
        _page_id(chunked),
        content_digest(chunked, embedded.model),
        page.url,
        sanitize_text(page.title),
        sanitize_text(page.markdown),
        chunked.content_hash,
        chunked.token_count,
        embedded.model,
        embedded.page_vector[: stored_dimensions(embedded.model)],
        _metadata(chunked),
        None if chunked.links is None else pack_links(chunked.links),
        None if chunked.fingerprint is None else pack_fingerprint(chunked.fingerprint),
    )


def _chunk_rows(embedded: EmbeddedPage) -> Iterator[_Row]:
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
            HalfVector(vector[: stored_dimensions(embedded.model)]),
            language,
            search_vector([title, *headings], text, language),
        )
