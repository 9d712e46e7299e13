"""Hybrid search over the passages of a widget's knowledge.

A passage's score is the weighted sum of its BM25, relative to the best; of its ranks by meaning (cosine of the vectors,
the passage's and the whole page's), as in reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009); and of its
likeness to the question by a heading. Then the number of results per page is limited.
`find_passages` returns stored passages to answer from, `search` excerpts to show.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pgvector import HalfVector
from psycopg import sql

from tasks.core.database import Connection, Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest
from tasks.core.models import Passage, RatedPassage
from tasks.knowledge.embedding.embedder import LEAD_DIMENSIONS, Embedder, Vector, stored_dimensions
from tasks.knowledge.facts.fact_passages import FACT_POSITION
from tasks.knowledge.language.function_words import likely_language
from tasks.knowledge.language.glossary import translate
from tasks.knowledge.language.words import read_words
from tasks.knowledge.search.deep_links import deep_link
from tasks.knowledge.search.excerpts import CONTEXT_PASSAGES, ContextPassage, Excerpt, cut_excerpts
from tasks.knowledge.search.hits import Hit, by_headings, limit_per_page, without_neighbours
from tasks.knowledge.search.rankings import (
    DEFAULT_WEIGHTS,
    MODEL_WEIGHTS,
    NAVIGATION_SHARE,
    NAVIGATION_WEIGHT,
    PAGE_WEIGHT,
    RANK_CONSTANT,
    Ranking,
    RankingWeights,
)
from tasks.knowledge.search.search_queries import CONTEXT, INDEXED_SEARCH, SCAN, SCAN_PER_PAGE
from tasks.knowledge.search.search_terms import (
    SearchTerm,
    read_terms,
    select_rarest,
    term_coverage,
    to_sparse_vector,
)
from tasks.knowledge.search.searched_build import SearchedBuild, read_searched_build
from tasks.records.sanitizing import sanitize_text

MAX_QUERY_LENGTH = 1_000
MAX_RESULTS = 50
CANDIDATES = 60
"""Minimum of candidates from each ranking …"""
CANDIDATES_PER_RESULT = 10
"""… and their minimum for each result …"""
MORE_CANDIDATES = 1_000
"""Candidates of a second search, few of each page, when the first found too few pages."""
SPARE, SPARE_FACTOR, SPARE_PER_PAGE = 15, 2, 2
"""Passages whose headings are compared with the question, beyond those that are returned."""
HEADING_SEPARATOR = " > "
MAX_WORD_MATCHES = 1_000
"""Passages of a large build that are ranked by words at most: those with the query's rarest terms."""


async def search(
    pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int = 5, *, per_page: int = 1
) -> list[Passage]:
    """Return excerpts of the `limit` best pages of the widget's active build, best first.

    An excerpt holds the parts of the hit and its context that match the query, with `…` for gaps. With more than one
    result a page, neighbouring hits are merged.

    Raises:
        InvalidRequest: the query is empty, too long or has no vector, or the limit is out of range.
        NotFound: the widget does not exist.
        EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: the query could not be embedded.
    """
    _check_limit(limit)
    near = 1 if per_page == 1 else 2 * CONTEXT_PASSAGES + 1
    prepared = await _prepare(pool, embedder, widget_id, query, near * limit)
    if prepared is None:
        return []
    hits = await _find(pool, prepared, near * per_page)
    chosen = without_neighbours(hits)[:limit]
    contexts = await _read_context(pool, prepared, chosen)
    excerpts = cut_excerpts(prepared.terms, contexts)
    return [_to_passage(hit, excerpt) for hit, excerpt in zip(chosen, excerpts, strict=True)]


async def find_passages(
    pool: Pool,
    embedder: Embedder,
    widget_id: UUID,
    query: str,
    limit: int = 8,
    *,
    per_page: int = 3,
    by: Ranking = Ranking.both,
    weights: RankingWeights | None = None,
    build_id: UUID | None = None,
) -> list[RatedPassage]:
    """Return the `limit` best passages of the widget's active build, at most `per_page` of a page, best first.

    With `build_id` they are those of another build of the widget; words are weighted as in the active one.

    A page's passages of facts count apart: a home page tells the address and much else. Without `weights`, the
    rankings' weights depend on the model. A single ranking serves measurements.

    Raises:
        InvalidRequest, NotFound, EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: as `search`.
    """
    _check_limit(limit)
    prepared = await _prepare(pool, embedder, widget_id, query, limit, build_id)
    if prepared is None:
        return []
    found = await _find(pool, prepared, per_page, by, weights, facts_apart=True)
    return [_to_rated_passage(hit) for hit in found]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_RESULTS:
        raise InvalidRequest("limit_invalid", f"`limit` must be from 1 to {MAX_RESULTS}.", field="limit")


class _PreparedQuery(NamedTuple):
    """A query with its terms and the statements' parameters."""

    question: str
    build: SearchedBuild
    terms: list[SearchTerm]
    candidates: int
    """Passages taken from each ranking."""
    parameters: dict[str, Any]
    """Parameters common to the statements."""


async def _prepare(
    pool: Pool, embedder: Embedder, widget_id: UUID, query: str, limit: int, build_id: UUID | None = None
) -> _PreparedQuery | None:
    """Embed the query and read its terms; none if the widget has no active build and none is given."""
    question = _check_query(query)
    candidates = max(CANDIDATES, CANDIDATES_PER_RESULT * limit)
    async with pool.connection() as connection:
        # First, so that nothing is paid for an unknown widget.
        build = await read_searched_build(connection, widget_id, candidates, build_id)
        said = await asyncio.to_thread(_in_languages_of, build, question)
        terms = await read_terms(connection, widget_id, build.languages, said) if build.job_id else []
    vector = await _embed_query(embedder, question)
    if build.job_id is None:
        return None
    parameters = {
        "job": build.job_id,
        "model": embedder.model,
        "vector": HalfVector(vector[: stored_dimensions(embedder.model)]),
        "page_vector": vector[: stored_dimensions(embedder.model)],
        "lead": HalfVector(vector[:LEAD_DIMENSIONS]),
        "is_short": stored_dimensions(embedder.model) == LEAD_DIMENSIONS,
        "terms": to_sparse_vector(terms),
        "units": [to_sparse_vector([term]) for term in terms],
        "rarest": [term.number for term in select_rarest(terms, MAX_WORD_MATCHES)],
        "rank_constant": RANK_CONSTANT,
        "page_distance_weight": PAGE_WEIGHT,
        "navigation_share": NAVIGATION_SHARE,
        "navigation_weight": NAVIGATION_WEIGHT,
        "fact_position": FACT_POSITION,
        "limit": limit,
    }
    return _PreparedQuery(question, build, terms, candidates, parameters)


def _in_languages_of(build: SearchedBuild, question: str) -> str:
    """Return the question, followed by its words as the pages say them if it is in another language than they are."""
    asked_in = likely_language(read_words(question), build.languages)
    said = [translate(question, asked_in, language) for language in build.languages[:1] if asked_in]
    return " ".join([question, *(each for each in said if each != question)])


async def _find(
    pool: Pool,
    prepared: _PreparedQuery,
    per_page: int,
    by: Ranking = Ranking.both,
    weights: RankingWeights | None = None,
    *,
    facts_apart: bool = False,
) -> list[Hit]:
    if by is not Ranking.both:
        weights = DEFAULT_WEIGHTS
    weights = weights or MODEL_WEIGHTS.get(prepared.parameters["model"], DEFAULT_WEIGHTS)
    limit = prepared.parameters["limit"]
    fusion = {
        "passage_weight": weights.passage,
        "page_weight": weights.page,
        "words_weight": 0.0 if by is Ranking.vector else weights.words,
        "per_page": per_page + SPARE_PER_PAGE,
        "limit": SPARE_FACTOR * limit + SPARE,
    }
    parameters = prepared.parameters | fusion | _ranking_limits(by, prepared.candidates)
    async with pool.connection() as connection:
        table, is_indexed = prepared.build.table, prepared.build.is_indexed
        statement = _indexed_search(prepared.build, parameters) if is_indexed else SCAN.format(table=table)
        found = await _search(connection, statement, parameters, prepared.terms)
        if len(limit_per_page(found, per_page, facts_apart=facts_apart)) < limit and prepared.build.has_more:
            # A few long pages may have taken up all candidates.
            statement = SCAN_PER_PAGE.format(table=table)
            found = await _search(
                connection, statement, parameters | _ranking_limits(by, MORE_CANDIDATES), prepared.terms
            )
    if by is Ranking.both:
        found = by_headings(prepared.question, found)
    return limit_per_page(found, per_page, facts_apart=facts_apart)[:limit]


def _ranking_limits(by: Ranking, candidates: int) -> dict[str, int]:
    """Return the number of candidates from each ranking."""
    return {
        "nearest": 0 if by is Ranking.text else candidates,
        "matching": 0 if by is Ranking.vector else candidates,
    }


def _check_query(query: str) -> str:
    question = " ".join(sanitize_text(query.replace("\0", " ")).split())
    if not question:
        raise InvalidRequest("query_missing", "Ask something: `q` is missing or empty.", field="q")
    if len(question) > MAX_QUERY_LENGTH:
        raise InvalidRequest("query_too_long", f"`q` is longer than {MAX_QUERY_LENGTH} characters.", field="q")
    return question


async def _embed_query(embedder: Embedder, question: str) -> Vector:
    (result,) = await embedder.embed([question])
    if isinstance(result, EmbeddingFailed):
        # The service responded; this text alone has no vector.
        raise InvalidRequest("query_invalid", "`q` cannot be searched for: ask in words.", field="q") from result
    return result


def _indexed_search(build: SearchedBuild, parameters: dict[str, Any]) -> sql.Composed:
    limits = {name: sql.Literal(parameters[name]) for name in ("nearest", "matching")}
    return INDEXED_SEARCH.format(table=build.table, widget=sql.Literal(build.widget_id), **limits)


async def _search(
    connection: Connection, statement: sql.SQL | sql.Composed, parameters: dict[str, Any], terms: list[SearchTerm]
) -> list[Hit]:
    rows = await connection.execute(statement, parameters)
    return [Hit._make([*row, term_coverage(terms, is_found)]) for *row, is_found in await rows.fetchall()]


def _to_rated_passage(hit: Hit) -> RatedPassage:
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


async def _read_context(pool: Pool, prepared: _PreparedQuery, hits: Sequence[Hit]) -> list[list[ContextPassage]]:
    """Return the context of each hit, in page order; the hit alone if its build has been deleted meanwhile."""
    places = {
        "pages": [hit.page_id for hit in hits],
        "positions": [hit.position for hit in hits],
        "reach": CONTEXT_PASSAGES,
    }
    async with pool.connection() as connection:
        statement = CONTEXT.format(table=prepared.build.table)
        rows = await (await connection.execute(statement, prepared.parameters | places)).fetchall()
    contexts = [[ContextPassage(*row[1:]) for row in rows if row[0] == place] for place in range(1, len(hits) + 1)]
    return [near or [_context_of(hit)] for near, hit in zip(contexts, hits, strict=True)]


def _context_of(hit: Hit) -> ContextPassage:
    return ContextPassage(hit.text, hit.language, hit.heading_path, hit.coverage, hit.similarity)


def _to_passage(hit: Hit, excerpt: Excerpt) -> Passage:
    return Passage(
        url=hit.url,
        title=hit.title,
        heading=HEADING_SEPARATOR.join(excerpt.heading_path),
        text=excerpt.text,
        similarity=hit.similarity,
        deep_link=deep_link(hit.url, excerpt.best),
    )
