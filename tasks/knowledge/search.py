"""Search: the passages of a widget's knowledge that fit a question."""

from typing import Any
from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest, NotFound
from tasks.core.models import Passage, RatedPassage
from tasks.knowledge.deep_links import deep_link
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
    found = await find_passages(pool, embedder, widget_id, query, limit, per_page=1)
    return [Passage.model_validate(passage.model_dump(include=set(Passage.model_fields))) for passage in found]


async def find_passages(
    pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int = 8, *, per_page: int = 3
) -> list[RatedPassage]:
    """The `limit` best passages, at most `per_page` of a page, best first, from the widget's active build.

    Raises:
        InvalidRequest, NotFound, EmbeddingFailed, EmbeddingRefused: as `search`.
    """
    question = _check_query(query)
    if not 1 <= limit <= MAX_RESULTS:
        raise InvalidRequest("limit_invalid", f"`limit` must be from 1 to {MAX_RESULTS}.", field="limit")
    # Before anything is paid for.
    await _check_widget(pool, widget_id)
    vector = await _embed_query(embedder, question)
    wanted: dict[str, Any] = {
        "widget": widget_id,
        "model": embedder.model,
        "vector": vector,
        "question": question,
        "weight": PAGE_WEIGHT,
        "limit": limit,
        "per_page": per_page,
    }
    async with pool.connection() as connection:
        found = await _search(connection, {**wanted, "candidates": limit * CANDIDATES})
        if len(found) < limit:
            # One long page may have filled all candidates' places: now all passages are looked at.
            found = await _search(connection, {**wanted, "candidates": None})
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
    SELECT scraped_page_id, heading_path, text, search, 1 - (embedding <=> %(vector)b) AS similarity
    FROM knowledge_chunks
    WHERE job_id = (SELECT active_job_id FROM widgets WHERE id = %(widget)s) AND model = %(model)s
    ORDER BY embedding <=> %(vector)b LIMIT %(candidates)s
), rated AS (
    SELECT url, title, heading_path, text, similarity,
           (SELECT coalesce(avg((search @@ quote_literal(term)::tsquery)::int), 0)
            FROM unnest(tsvector_to_array(to_tsvector('english', %(question)s))) AS term) AS coverage,
           (similarity + %(weight)s * (1 - (embedding <=> %(vector)b))) / (1 + %(weight)s) AS score,
           row_number() OVER (PARTITION BY page.id ORDER BY similarity DESC) AS place
    FROM nearest JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id
)
SELECT url, title, heading_path, text, similarity, coverage, score FROM rated
WHERE place <= %(per_page)s ORDER BY score DESC LIMIT %(limit)s
"""


async def _search(connection: Connection, wanted: dict[str, Any]) -> list[RatedPassage]:
    rows = await connection.execute(_NEAREST, wanted)
    return [
        RatedPassage(
            url=url,
            title=title,
            heading=" > ".join(path),
            text=text,
            similarity=similarity,
            deep_link=deep_link(url, text),
            coverage=float(coverage),
            score=score,
        )
        for url, title, path, text, similarity, coverage, score in await rows.fetchall()
    ]
