"""Search: the passages of a widget's knowledge that fit a question."""

from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest, NotFound
from tasks.core.models import Passage
from tasks.knowledge.embedders import Embedder, Vector

MAX_QUERY_LENGTH = 1_000


async def search(pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int = 5) -> list[Passage]:
    """The best passage of each of the `limit` best pages, best first, from the widget's active build.

    Raises:
        InvalidRequest: the query is empty or too long.
        NotFound: there is no such widget.
        EmbeddingFailed, EmbeddingRefused: the query could not be embedded.
    """
    question = " ".join(query.replace("\0", " ").split())
    if not question:
        raise InvalidRequest("query_missing", "Ask something: `q` is missing or empty.", field="q")
    if len(question) > MAX_QUERY_LENGTH:
        raise InvalidRequest("query_too_long", f"`q` is longer than {MAX_QUERY_LENGTH} characters.", field="q")
    job_id = await _find_active_job(pool, widget_id)
    if job_id is None:
        return []
    vector = await _embed_query(embedder, question)
    async with pool.connection() as connection:
        return await _search(connection, job_id, vector, embedder.model, limit)


async def _find_active_job(pool: Pool, widget_id: UUID) -> UUID | None:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT active_job_id FROM widgets WHERE id = %s", (widget_id,))
        row = await rows.fetchone()
    if row is None:
        raise NotFound("widget")
    job_id: UUID | None = row[0]
    return job_id


async def _embed_query(embedder: Embedder, question: str) -> Vector:
    (result,) = await embedder.embed([question])
    if isinstance(result, EmbeddingFailed):
        raise result
    return result


async def _search(connection: Connection, job_id: UUID, vector: Vector, model: str, limit: int) -> list[Passage]:
    rows = await connection.execute(
        """
        WITH nearest AS (
            SELECT scraped_page_id, heading_path, text, 1 - (embedding <=> %(vector)b) AS similarity
            FROM knowledge_chunks WHERE job_id = %(job)s AND model = %(model)s
            ORDER BY embedding <=> %(vector)b LIMIT %(candidates)s
        ), best AS (
            SELECT DISTINCT ON (scraped_page_id) * FROM nearest ORDER BY scraped_page_id, similarity DESC
        )
        SELECT url, title, heading_path, text, similarity
        FROM best JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id
        ORDER BY similarity DESC LIMIT %(limit)s
        """,
        {"vector": vector, "job": job_id, "model": model, "limit": limit, "candidates": limit * 20},
    )
    return [
        Passage(url=url, title=title, heading=" > ".join(path), text=text, similarity=similarity)
        for url, title, path, text, similarity in await rows.fetchall()
    ]
