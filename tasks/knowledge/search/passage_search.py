"""Search: the passages of a widget's knowledge that fit a question.

Rankings by words (BM25 over PostgreSQL's full text search) and by meaning (cosine of the vectors, the passage's and the
whole page's) are fused by reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009); then each page gets a few places
at most.
`find_passages` gives the passages as they are stored, to answer from; `search` what of their pages to show.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from pgvector import HalfVector
from psycopg import sql

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest, NotFound
from tasks.core.models import Passage, RatedPassage
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.knowledge.indexing.vector_index import IS_INDEXED, LEAD_DIMENSIONS, widen_search
from tasks.knowledge.search.deep_links import deep_link
from tasks.knowledge.search.excerpts import REACH, Around, Excerpt, cut_excerpts
from tasks.knowledge.search.search_queries import AROUND, LOOK_UP, SCAN, SCAN_PAGES
from tasks.knowledge.search.search_terms import SearchTerm, any_of, coverage, rarest, read_terms, terms_vector
from tasks.records.sanitizing import sanitize_text

MAX_QUERY_LENGTH = 1_000
MAX_RESULTS = 50
PAGE_WEIGHT = 0.5
"""How much the whole page's vector counts beside the passage's in the ranking by meaning."""
RANK_CONSTANT = 10
"""A place in a ranking is worth its share / (this + place)."""


class Shares(NamedTuple):
    """What the rankings by meaning are worth, that by words being worth 1."""

    passage: float
    page: float


SHARES = {LOCAL_MODEL: Shares(passage=0.1, page=1.0)}
"""The local model, which knows words but not their order, tells pages apart better than passages.

Chosen on every other question of `tests/benchmarks/rankings.py`; nDCG@10 on the others by words, by meaning, by both as
they count alike, and as here: Python documentation 0.79, 0.81, 0.87, 0.87; chunking evaluation 0.84, 0.66, 0.75, 0.84.
"""
EQUAL = Shares(passage=1.0, page=0.0)
"""For other models."""
ALIKE = Shares(passage=1.0, page=1.0)
"""For passages that are weighed afresh: what any ranking names."""
CANDIDATES = 60
"""Least passages taken from each ranking …"""
CANDIDATES_EACH = 10
"""… and least for each result wanted …"""
MORE_CANDIDATES = 1_000
"""Most passages taken, few of each page, when those were of too few pages."""
HEADING_SEPARATOR = " > "
RARE_PASSAGES = 1_000
"""Of a large build: so many at most are ranked by words, those with the question's rarest."""


class Ranking(StrEnum):
    """What passages are ranked by."""

    vector = "vector"
    text = "text"
    both = "both"


async def search(
    pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int = 5, *, per_page: int = 1
) -> list[Passage]:
    """The best places of the `limit` best pages, best first, from the widget's active build.

    A passage's text is what the question is about at the hit and around it, with `…` for what is left out. With more
    than one place a page, hits that are near each other are one.

    Raises:
        InvalidRequest: the query is empty, too long or has no vector, or the limit is out of bounds.
        NotFound: there is no such widget.
        EmbeddingFailed, EmbeddingRefused: the query could not be embedded.
    """
    _check_limit(limit)
    near = 1 if per_page == 1 else 2 * REACH + 1
    asked = await _ask(pool, embedder, widget_id, query, near * limit)
    if asked is None:
        return []
    hits = await _find(pool, asked, near * per_page)
    chosen = _apart(hits)[:limit]
    around = await _read_around(pool, asked, chosen)
    excerpts = cut_excerpts(asked.terms, around)
    return [_show(hit, excerpt) for hit, excerpt in zip(chosen, excerpts, strict=True)]


async def find_passages(
    pool: Pool,
    embedder: Embedder,
    widget_id: UUID,
    query: str,
    limit: int = 8,
    *,
    per_page: int = 3,
    by: Ranking = Ranking.both,
    shares: Shares | None = None,
) -> list[RatedPassage]:
    """The `limit` best passages, at most `per_page` of a page, best first, from the widget's active build.

    What the rankings are worth depends on the model unless it is given. One ranking alone is for measuring.

    Raises:
        InvalidRequest, NotFound, EmbeddingFailed, EmbeddingRefused: as `search`.
    """
    _check_limit(limit)
    asked = await _ask(pool, embedder, widget_id, query, limit)
    return [] if asked is None else [_rated(hit) for hit in await _find(pool, asked, per_page, by, shares)]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_RESULTS:
        raise InvalidRequest("limit_invalid", f"`limit` must be from 1 to {MAX_RESULTS}.", field="limit")


class _Asked(NamedTuple):
    """A question, ready to be looked up."""

    build: "_Build"
    terms: list[SearchTerm]
    candidates: int
    """Passages taken from each ranking."""
    values: dict[str, Any]
    """For the statements."""


async def _ask(pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int) -> _Asked | None:
    """The question with its vector and words; none where there is no knowledge."""
    question = _check_query(query)
    candidates = max(CANDIDATES, CANDIDATES_EACH * limit)
    async with pool.connection() as connection:
        # Before anything is paid for.
        build = await _read_build(connection, widget_id, candidates)
        terms = await read_terms(connection, build.job_id, question) if build.job_id else []
    vector = await _embed_query(embedder, question)
    if build.job_id is None:
        return None
    values = {
        "job": build.job_id,
        "model": embedder.model,
        "vector": vector,
        "lead": HalfVector(vector[:LEAD_DIMENSIONS]),
        "is_short": not vector[LEAD_DIMENSIONS:].any(),
        "terms": terms_vector(terms),
        "units": [terms_vector([term]) for term in terms],
        "rarest": any_of(rarest(terms, RARE_PASSAGES)),
        "rank_constant": RANK_CONSTANT,
        "page_weight": PAGE_WEIGHT,
        "limit": limit,
    }
    return _Asked(build, terms, candidates, values)


class _Hit(NamedTuple):
    """A passage that was found, and where it is."""

    page_id: UUID
    position: int
    url: str
    title: str
    heading_path: list[str]
    text: str
    similarity: float
    score: float
    coverage: float


async def _find(
    pool: Pool, asked: _Asked, per_page: int, by: Ranking = Ranking.both, shares: Shares | None = None
) -> list[_Hit]:
    if by is not Ranking.both:
        shares = EQUAL
    shares = shares or SHARES.get(asked.values["model"], EQUAL)
    fused = {"passage_share": shares.passage, "page_share": shares.page, "per_page": per_page}
    wanted = asked.values | fused | _places(by, asked.candidates)
    async with pool.connection() as connection:
        if asked.build.is_indexed:
            async with connection.transaction():
                await widen_search(connection)
                found = await _search(connection, _look_up(asked.build, wanted), wanted, asked.terms)
        else:
            found = await _search(connection, SCAN, wanted, asked.terms)
        if len(found) < wanted["limit"] and asked.build.has_more:
            # A few long pages may have taken all candidates' places.
            found = await _search(connection, SCAN_PAGES, wanted | _places(by, MORE_CANDIDATES), asked.terms)
        return found


def _apart(hits: Sequence[_Hit]) -> list[_Hit]:
    """The hits without those that a better one reaches."""
    chosen: list[_Hit] = []
    for hit in hits:
        if not any(hit.page_id == other.page_id and abs(hit.position - other.position) <= REACH for other in chosen):
            chosen.append(hit)
    return chosen


def _places(by: Ranking, candidates: int) -> dict[str, int]:
    """How many passages each ranking names."""
    return {
        "nearest": 0 if by is Ranking.text else candidates,
        "worded": 0 if by is Ranking.vector else candidates,
    }


def _check_query(query: str) -> str:
    question = " ".join(sanitize_text(query.replace("\0", " ")).split())
    if not question:
        raise InvalidRequest("query_missing", "Ask something: `q` is missing or empty.", field="q")
    if len(question) > MAX_QUERY_LENGTH:
        raise InvalidRequest("query_too_long", f"`q` is longer than {MAX_QUERY_LENGTH} characters.", field="q")
    return question


class _Build(NamedTuple):
    """What a widget answers from."""

    job_id: UUID | None
    is_indexed: bool
    has_more: bool
    """More chunks than are taken as candidates."""


_READ_BUILD: LiteralString = f"""
SELECT active_job_id, {IS_INDEXED},
       EXISTS (SELECT FROM knowledge_chunks WHERE job_id = active_job_id OFFSET %s LIMIT 1)
FROM widgets WHERE id = %s
"""


async def _read_build(connection: Connection, widget_id: UUID, candidates: int) -> _Build:
    rows = await connection.execute(_READ_BUILD, (candidates, widget_id))
    if (row := await rows.fetchone()) is None:
        raise NotFound("widget")
    return _Build(*row)


async def _embed_query(embedder: Embedder, question: str) -> Vector:
    (result,) = await embedder.embed([question])
    if isinstance(result, EmbeddingFailed):
        # The service is there, it is this text that has no vector.
        raise InvalidRequest("query_invalid", "`q` cannot be searched for: ask in words.", field="q") from result
    return result


def _look_up(build: _Build, wanted: dict[str, Any]) -> sql.Composed:
    places = {name: sql.Literal(wanted[name]) for name in ("nearest", "worded")}
    return LOOK_UP.format(job=sql.Literal(build.job_id), **places)


async def _search(
    connection: Connection, statement: sql.SQL | sql.Composed, wanted: dict[str, Any], terms: list[SearchTerm]
) -> list[_Hit]:
    rows = await connection.execute(statement, wanted)
    return [_Hit._make([*row, coverage(terms, has)]) for *row, has in await rows.fetchall()]


def _rated(hit: _Hit) -> RatedPassage:
    return RatedPassage(
        url=hit.url,
        title=hit.title,
        heading=HEADING_SEPARATOR.join(hit.heading_path),
        text=hit.text,
        similarity=hit.similarity,
        deep_link=deep_link(hit.url, hit.text),
        coverage=hit.coverage,
        score=hit.score,
    )


async def _read_around(pool: Pool, asked: _Asked, hits: Sequence[_Hit]) -> list[list[Around]]:
    """The passages around each hit, itself among them, in the page's order; alone, if its build is gone by now."""
    places = {"pages": [hit.page_id for hit in hits], "positions": [hit.position for hit in hits], "reach": REACH}
    async with pool.connection() as connection:
        rows = await (await connection.execute(AROUND, asked.values | places)).fetchall()
    around = [[Around(*row[1:]) for row in rows if row[0] == place] for place in range(1, len(hits) + 1)]
    return [near or [_alone(hit)] for near, hit in zip(around, hits, strict=True)]


def _alone(hit: _Hit) -> Around:
    return Around(hit.text, "simple", hit.heading_path, hit.coverage, hit.similarity)


def _show(hit: _Hit, excerpt: Excerpt) -> Passage:
    return Passage(
        url=hit.url,
        title=hit.title,
        heading=HEADING_SEPARATOR.join(excerpt.heading_path),
        text=excerpt.text,
        similarity=hit.similarity,
        deep_link=deep_link(hit.url, excerpt.best),
    )
