"""A question's words as the site's own text search sees them, and how rare each is there."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from pgvector import SparseVector

from tasks.core.database import Connection
from tasks.knowledge.languages import searchable

MOST_WORDS = 64
"""Of a question; further ones are not looked for."""
TERM_SPACE = 536_870_912
"""Places that a word's hash has (migration 0003)."""
SAMPLE = 200
"""Chunks that tell how rare words are; the order of their random ids is none."""
LANGUAGE_SHARE = 0.1
"""Of the sample: languages with fewer chunks are not asked in."""


@dataclass(frozen=True)
class Term:
    """A word of the question, in the form that the site's pages are indexed by."""

    number: int
    """Its place in a chunk's `terms`."""
    word: int
    """Which word: in a site with several languages it may have a form in each."""
    lexeme: str
    sampled: int
    """Chunks that were looked at …"""
    holding: int
    """… and those of them that have it."""

    @property
    def share(self) -> float:
        """The share of the site's chunks that have it, about."""
        return self.holding / self.sampled

    @cached_property
    def rarity(self) -> float:
        """Inverse document frequency, as in BM25."""
        return math.log(1 + (self.sampled - self.holding + 0.5) / (self.holding + 0.5))


_READ = """
WITH sample AS MATERIALIZED (
    SELECT language, terms FROM knowledge_chunks WHERE job_id = %(job)s ORDER BY id LIMIT %(sample)s
), languages AS (
    SELECT language FROM sample GROUP BY language
    HAVING count(*) >= %(share)s * (SELECT count(*) FROM sample)
), forms AS (
    SELECT language, word * 1000 + positions[1] AS word, lexeme
    FROM unnest(%(words)s::text[]) WITH ORDINALITY AS words (text, word), languages,
         unnest(to_tsvector(language::regconfig, text))
), lexemes AS (
    SELECT DISTINCT ON (knowledge_term(lexeme)) knowledge_term(lexeme) AS number, word, lexeme
    -- What is a stop word in one of the languages is none that tells anything.
    FROM forms WHERE (SELECT count(DISTINCT language) FROM forms AS same WHERE same.word = forms.word)
        = (SELECT count(*) FROM languages)
    ORDER BY 1, 2
), units AS MATERIALIZED (
    -- Made once for each word, not for each chunk.
    SELECT *, format('{%%s:1}/%%s', number, %(space)s::int)::sparsevec AS unit FROM lexemes
)
SELECT number, word, lexeme, (SELECT count(*) FROM sample), (SELECT count(*) FROM sample WHERE terms <#> unit < 0)
FROM units
"""


async def read_terms(connection: Connection, job_id: UUID, question: str) -> list[Term]:
    """The question's words in the languages of the build's pages, stop words left out."""
    words = list(dict.fromkeys(searchable(question).split()))[:MOST_WORDS]
    values = {"job": job_id, "words": words, "sample": SAMPLE, "share": LANGUAGE_SHARE, "space": TERM_SPACE}
    rows = await connection.execute(_READ, values)
    return [Term(*row) for row in await rows.fetchall()]


def terms_vector(terms: Collection[Term]) -> SparseVector:
    """The terms, each weighing its rarity: its inner product with a chunk's `terms` is BM25's score."""
    # PostgreSQL counts places from 1, the client from 0.
    return SparseVector({term.number - 1: term.rarity for term in terms}, TERM_SPACE)


def rarest(terms: Collection[Term], share: float) -> list[Term]:
    """The rarest term, and others as long as all together are in at most this share of the chunks."""
    chosen: list[Term] = []
    for term in sorted(terms, key=lambda term: term.share):
        if chosen and sum(other.share for other in chosen) + term.share > share:
            break
        chosen.append(term)
    return chosen


def any_of(terms: Collection[Term]) -> str:
    """A `tsquery` for chunks with at least one of the terms."""
    quoted = (term.lexeme.replace("\\", "\\\\").replace("'", "''") for term in terms)
    return " | ".join(f"'{lexeme}'" for lexeme in quoted)


def coverage(terms: Sequence[Term], has: Sequence[bool]) -> float:
    """The share of the question's words that a passage has, each weighing its rarity; `has` goes with `terms`."""
    asked: dict[int, float] = {}
    found: dict[int, float] = {}
    for term, is_there in zip(terms, has, strict=True):
        asked[term.word] = max(asked.get(term.word, 0), term.rarity)
        found[term.word] = max(found.get(term.word, 0), term.rarity if is_there else 0)
    return sum(found.values()) / sum(asked.values()) if asked else 0.0
