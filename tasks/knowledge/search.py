"""Search: the passages of a widget's knowledge that fit a question."""

from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest, NotFound
from tasks.core.models import Passage
from tasks.knowledge.embedders import Embedder, Vector
from tasks.knowledge.storable import storable

MAX_QUERY_LENGTH = 1_000
MAX_RESULTS = 50
PAGE_WEIGHT = 0.2
"""How much the whole page counts beside the passage. On the Python documentation 62 of 76 questions find the
right page first; with the passage alone 56, with the page alone 57."""
CANDIDATES = 20
"""Passages looked at for each result wanted."""


async def search(pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int = 5) -> list[Passage]:
    """The best passage of each of the `limit` best pages, best first, from the widget's active build.

    Raises:
        InvalidRequest: the query is empty, too long or has no vector, or the limit is out of bounds.
        NotFound: there is no such widget.
        EmbeddingFailed, EmbeddingRefused: the query could not be embedded.
    """
    question = _check_query(query)
    if not 1 <= limit <= MAX_RESULTS:
        raise InvalidRequest("limit_invalid", f"`limit` must be from 1 to {MAX_RESULTS}.", field="limit")
    # Before anything is paid for.
    await _check_widget(pool, widget_id)
    vector = await _embed_query(embedder, question)
    async with pool.connection() as connection:
        found = await _search(connection, widget_id, vector, embedder.model, limit, limit * CANDIDATES)
        if len(found) < limit:
            # One long page may have filled all candidates' places: now all passages are looked at.
            found = await _search(connection, widget_id, vector, embedder.model, limit, None)
        return found


def _check_query(query: str) -> str:
    question = " ".join(storable(query.replace("\0", " ")).split())
    if not question:
        raise InvalidRequest("query_missing", "Ask something: `q` is missing or empty.", field="q")
    if len(question) > MAX_QUERY_LENGTH:
        raise InvalidRequest("query_too_long", f"`q` is longer than {MAX_QUERY_LENGTH} characters.", field="q")
    return question


async def _check_widget(pool: Pool, widget_id: UUID) -> None:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT 1 FROM widgets WHERE id = %s", (widget_id,))
        if await rows.fetchone() is None:
            raise NotFound("widget")


async def _embed_query(embedder: Embedder, question: str) -> Vector:
    (result,) = await embedder.embed([question])
    if isinstance(result, EmbeddingFailed):
        # The service is there, it is this text that has no vector.
        raise InvalidRequest("query_invalid", "`q` cannot be searched for: ask in words.", field="q") from result
    return result


# One statement sees one version of the knowledge, whatever is swapped meanwhile.
_NEAREST = """
WITH nearest AS (
    SELECT scraped_page_id, heading_path, text, 1 - (embedding <=> %(vector)b) AS similarity
    FROM knowledge_chunks
    WHERE job_id = (SELECT active_job_id FROM widgets WHERE id = %(widget)s) AND model = %(model)s
    ORDER BY embedding <=> %(vector)b LIMIT %(candidates)s
), rated AS (
    SELECT DISTINCT ON (page.id) url, title, heading_path, text,
           (similarity + %(weight)s * (1 - (embedding <=> %(vector)b))) / (1 + %(weight)s) AS similarity
    FROM nearest JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id
    ORDER BY page.id, nearest.similarity DESC
)
SELECT url, title, heading_path, text, similarity FROM rated ORDER BY similarity DESC LIMIT %(limit)s
"""


async def _search(
    connection: Connection, widget_id: UUID, vector: Vector, model: str, limit: int, candidates: int | None
) -> list[Passage]:
    rows = await connection.execute(
        _NEAREST,
        {
            "vector": vector,
            "widget": widget_id,
            "model": model,
            "weight": PAGE_WEIGHT,
            "candidates": candidates,
            "limit": limit,
        },
    )
    return [
        Passage(url=url, title=title, heading=" > ".join(path), text=text, similarity=similarity)
        for url, title, path, text, similarity in await rows.fetchall()
    ]
