"""Builds, pages and vectors for the tests of this room."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tasks.core.database import Pool
from tasks.core.events import EventDraft, EventType
from tasks.core.models import BuildRequest, Chunk, ChunkedPage, EmbeddedPage, Job, ReadPage, Target
from tasks.knowledge.embedding.embedder import Embedder, Vector, to_vector
from tasks.knowledge.embedding.page_vector import page_vector
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page, embedding_text, overview_text, text_hash
from tasks.records.build_events import append_event
from tasks.records.builds import start_build
from tasks.records.new_builds import create_build, create_rebuild

# Characters by chance would hardly ever be among these.
ODD = st.sampled_from(["\0", "\ud83d", "\udc00", "\x07", "\ufeff", "\u202e", "\n", "▁", "'", "\\", "%s", "$1"])
ANY_TEXT = st.lists(st.text(max_size=20) | ODD, max_size=12).map("".join)
"""Also what neither PostgreSQL nor a tokenizer takes: NUL and lone surrogates."""

SITE = "https://example.com"
MODEL = "a-model"


async def new_job(pool: Pool, widget_id: UUID | None = None) -> Job:
    """A build that is running, of a new widget, or of a given one whose earlier builds are over."""
    request = BuildRequest(url=f"{SITE}/", depth=2, max_pages=100)
    if widget_id is None:
        new = await create_build(pool, request)
    else:
        await set_status(pool, widget_id, "completed")
        new = await create_rebuild(pool, widget_id, request)
    return await start_build(pool, new.build_id, None)


async def fail_build(pool: Pool, widget_id: UUID) -> UUID:
    """A newer build of the widget, which failed: seven of its pages failed, one was skipped."""
    job = await new_job(pool, widget_id)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET status = 'failed', error = 'The site shrank', finished_at = now(),"
            ' statistics = \'{"total_urls": 9, "failed_scrapes": 7}\' WHERE id = %s',
            (job.build_id,),
        )
        for n in range(7):
            await connection.execute(
                "INSERT INTO crawl_urls (job_id, url, depth, place, status, error)"
                " VALUES (%s, %s, 1, %s, 'failed', %s)",
                (job.build_id, f"{SITE}/failed/{n}", n + 1, "HTTP 500"),
            )
        await connection.execute(
            "INSERT INTO crawl_urls (job_id, url, depth, place, status, reason)"
            " VALUES (%s, %s, 1, 9, 'skipped', 'robots')",
            (job.build_id, f"{SITE}/private"),
        )
    return job.build_id


async def set_status(pool: Pool, widget_id: UUID, status: str) -> None:
    """Set the status of all builds of the widget."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE scrape_jobs SET status = %s WHERE widget_id = %s", (status, widget_id))


def draft(type_: EventType = EventType.scraping_progress, **said: Any) -> EventDraft:
    """An event to append."""
    return EventDraft(**{"type": type_, "message": "Something happened", **said})


async def cancel(pool: Pool, job: Job) -> None:
    """End the build as its owner would."""
    await append_event(pool, job.build_id, draft(EventType.builder_cancelled))


def page_of(
    path: str,
    texts: Sequence[str],
    vectors: Sequence[Vector] | None = None,
    *,
    model: str = MODEL,
    title: str = "A page",
    moved_to: str | None = None,
    headings: tuple[str, ...] = (),
    metadata: dict[str, Any] | None = None,
    stored_id: UUID | None = None,
) -> EmbeddedPage:
    """A page with a chunk for each text; its vectors point the same way unless given."""
    url = SITE + (moved_to or path)
    markdown = "\n\n".join(texts)
    chunks = tuple(
        Chunk(position=n, heading_path=headings, text=text, token_count=len(text), content_hash=text_hash(text))
        for n, text in enumerate(texts)
    )
    read = ReadPage(
        target=Target(url=SITE + path, depth=1), url=url, title=title, markdown=markdown, metadata=metadata or {}
    )
    parts = tuple(vectors) if vectors is not None else (to_vector([1.0]),) * len(texts)
    chunked = ChunkedPage(
        page=read,
        chunks=chunks,
        token_count=len(markdown),
        content_hash=text_hash(markdown),
        stored_id=stored_id,
    )
    return EmbeddedPage(
        chunked=chunked,
        model=model,
        page_vector=parts[0] if parts else to_vector([1.0]),
        chunk_vectors=parts,
    )


async def embed_page(embedder: Embedder, path: str, title: str, markdown: str) -> EmbeddedPage:
    """The page in chunks with the embedder's vectors, as a build makes it."""
    read = ReadPage(target=Target(url=SITE + path, depth=1), url=SITE + path, title=title, markdown=markdown)
    chunked = chunk_page(read, load_tokenizer(embedder.model))
    texts = [embedding_text(title, chunk.heading_path, chunk.text) for chunk in chunked.chunks]
    overview, *parts = [vector_of(result) for result in await embedder.embed([overview_text(chunked), *texts])]
    whole = page_vector(overview, parts, [chunk.token_count for chunk in chunked.chunks])
    return EmbeddedPage(chunked=chunked, model=embedder.model, page_vector=whole, chunk_vectors=tuple(parts))


def vector_of(result: Vector | Exception) -> Vector:
    """The vector, where one is expected."""
    if isinstance(result, Exception):
        raise result
    return result


async def count(pool: Pool, query: str, *values: object) -> int:
    """Return the single number of a query's result."""
    async with pool.connection() as connection:
        row = await (await connection.execute(query, values)).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])
