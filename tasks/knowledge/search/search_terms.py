"""A question's words as the site's own text search sees them, and how rare each is there."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from pgvector import SparseVector

from tasks.core.database import Connection
from tasks.knowledge.language.text_search import split_for_search

MOST_WORDS = 64
"""Of a question; further ones are not looked for."""
TERM_SPACE = 536_870_912
"""Places that a word's hash has (migration 0003)."""


@dataclass(frozen=True)
class SearchTerm:
    """A word of the question, in the form that the site's pages are indexed by."""

    number: int
    """Its place in a chunk's `terms`."""
    word: int
    """Which word: in a site with several languages it may have a form in each."""
    lexeme: str
    passages: int
    """Of the site …"""
    holding: int
    """… and those of them that have it."""

    @cached_property
    def rarity(self) -> float:
        """Inverse document frequency, as in BM25."""
        return math.log(1 + (self.passages - self.holding + 0.5) / (self.holding + 0.5))


_READ = """
WITH vocabulary AS MATERIALIZED (
    SELECT passages, languages FROM knowledge_vocabularies WHERE job_id = %(job)s
), forms AS MATERIALIZED (
    SELECT language, word * 1000 + positions[1] AS word, lexeme
    FROM unnest(%(words)s::text[]) WITH ORDINALITY AS words (text, word), vocabulary, unnest(languages) AS language,
         unnest(to_tsvector(language::regconfig, text))
), lexemes AS (
    SELECT DISTINCT ON (knowledge_term(lexeme)) knowledge_term(lexeme) AS number, word, lexeme
    -- What is a stop word in one of the languages is none that tells anything.
    FROM forms WHERE (SELECT count(DISTINCT language) FROM forms AS same WHERE same.word = forms.word)
        = (SELECT cardinality(languages) FROM vocabulary)
    ORDER BY 1, 2
)
SELECT number, word, lexeme, vocabulary.passages, coalesce(known.passages, 0)
FROM lexemes CROSS JOIN vocabulary
LEFT JOIN (SELECT number, passages FROM knowledge_words WHERE job_id = %(job)s) AS known USING (number)
"""


async def read_terms(connection: Connection, job_id: UUID, question: str) -> list[SearchTerm]:
    """The question's words in the languages of the build's pages, stop words left out."""
    words = list(dict.fromkeys(split_for_search(question).split()))[:MOST_WORDS]
    rows = await connection.execute(_READ, {"job": job_id, "words": words})
    return [SearchTerm(*row) for row in await rows.fetchall()]


def terms_vector(terms: Collection[SearchTerm]) -> SparseVector:
    """The terms, each weighing its rarity: its inner product with a chunk's `terms` is BM25's score."""
    # PostgreSQL counts places from 1, the client from 0.
    return SparseVector({term.number - 1: term.rarity for term in terms}, TERM_SPACE)


def rarest(terms: Collection[SearchTerm], passages: int) -> list[SearchTerm]:
    """The rarest term, and others as long as all together are in at most so many passages."""
    chosen: list[SearchTerm] = []
    for term in sorted(terms, key=lambda term: term.holding):
        passages -= term.holding
        if chosen and passages < 0:
            break
        chosen.append(term)
    return chosen


def any_of(terms: Collection[SearchTerm]) -> str:
    """A `tsquery` for chunks with at least one of the terms."""
    quoted = (term.lexeme.replace("\\", "\\\\").replace("'", "''") for term in terms)
    return " | ".join(f"'{lexeme}'" for lexeme in quoted)


def coverage(terms: Sequence[SearchTerm], has: Sequence[bool]) -> float:
    """The share of the question's words that a passage has, each weighing its rarity; `has` goes with `terms`."""
    asked: dict[int, float] = {}
    found: dict[int, float] = {}
    for term, is_there in zip(terms, has, strict=True):
        asked[term.word] = max(asked.get(term.word, 0), term.rarity)
        found[term.word] = max(found.get(term.word, 0), term.rarity if is_there else 0)
    return sum(found.values()) / sum(asked.values()) if asked else 0.0
