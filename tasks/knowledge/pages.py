"""Writing pages: a page and its chunks in one transaction, the same rows however often it is tried."""

from collections.abc import Sequence
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import psycopg
from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import BuildEnded, StoreFailed
from tasks.core.models import EmbeddedPage
from tasks.knowledge.languages import text_search_configuration

_PAGE = (
    "INSERT INTO knowledge_scraped_pages"
    " (id, job_id, page_id, url, title, content, content_hash, token_count, embedding, metadata)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %b, %s)"
)
_CHUNK = (
    "INSERT INTO knowledge_chunks (scraped_page_id, job_id, position, heading_path, text, token_count,"
    " content_hash, model, embedding, search)"
    " VALUES (%(page)s, %(job)s, %(position)s, %(path)s, %(text)s, %(tokens)s, %(hash)s, %(model)s, %(vector)b,"
    " setweight(to_tsvector(%(language)s::regconfig, %(place)s), 'A')"
    " || to_tsvector(%(language)s::regconfig, %(text)s))"
)


async def store_pages(pool: Pool, build_id: UUID, pages: Sequence[EmbeddedPage]) -> None:
    """Write the pages with their chunks, and note their URLs as stored: all of it or nothing.

    A page stored before under the same URL is replaced.

    Raises:
        StoreFailed: the database refuses the pages, or (retriable) is out of reach.
        BuildEnded: the build has ended meanwhile.
    """
    try:
        async with pool.connection() as connection, connection.transaction():
            await _check_running(connection, build_id)
            await _write(connection, build_id, pages)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreFailed(f"the database is out of reach: {error}", retriable=True) from error
    except psycopg.Error as error:
        raise StoreFailed(f"the database refuses it: {error}") from error


async def _check_running(connection: Connection, build_id: UUID) -> None:
    # Shared with other batches of the build, not with the statement that ends it.
    rows = await connection.execute(
        "SELECT 1 FROM scrape_jobs WHERE id = %s AND status IN ('pending', 'running') FOR KEY SHARE",
        (build_id,),
    )
    if await rows.fetchone() is None:
        raise BuildEnded("The build has ended.")


async def _write(connection: Connection, build_id: UUID, pages: Sequence[EmbeddedPage]) -> None:
    urls = [page.chunked.page.url for page in pages]
    await connection.execute(
        "DELETE FROM knowledge_scraped_pages WHERE job_id = %s AND url = ANY(%s)", (build_id, urls)
    )
    ids = [uuid4() for _ in pages]
    async with connection.cursor() as cursor:
        await cursor.executemany(_PAGE, [_page_row(build_id, id_, page) for id_, page in zip(ids, pages, strict=True)])
        await cursor.executemany(
            _CHUNK,
            [row for id_, page in zip(ids, pages, strict=True) for row in _chunk_rows(build_id, id_, page)],
        )
    await connection.execute(
        "UPDATE crawl_urls SET status = 'stored', error = NULL WHERE job_id = %s AND url = ANY(%s)",
        (build_id, [page.chunked.page.target.url for page in pages]),
    )


def _page_row(build_id: UUID, id_: UUID, embedded: EmbeddedPage) -> tuple[object, ...]:
    chunked = embedded.chunked
    page = chunked.page
    metadata = {**page.metadata, "embedding_model": embedded.model, "depth": page.target.depth}
    return (
        id_,
        build_id,
        uuid5(NAMESPACE_URL, page.url),
        page.url,
        page.title,
        page.markdown,
        chunked.content_hash,
        chunked.token_count,
        embedded.page_vector,
        Jsonb(metadata),
    )


def _chunk_rows(build_id: UUID, page_id: UUID, embedded: EmbeddedPage) -> list[dict[str, object]]:
    page = embedded.chunked.page
    language = text_search_configuration(page.metadata.get("language"))
    return [
        {
            "page": page_id,
            "job": build_id,
            "position": chunk.position,
            "path": list(chunk.heading_path),
            "text": chunk.text,
            "tokens": chunk.token_count,
            "hash": chunk.content_hash,
            "model": embedded.model,
            "vector": vector,
            "language": language,
            "place": " ".join((page.title, *chunk.heading_path)),
        }
        for chunk, vector in zip(embedded.chunked.chunks, embedded.chunk_vectors, strict=True)
    ]
