"""Search terms: a query's words as lexemes of the site's text search, with their document frequencies."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import regex
from pgvector import SparseVector

from tasks.core.database import Connection
from tasks.knowledge.language.function_words import function_words, likely_language
from tasks.knowledge.language.words import index_terms, is_among, primary_subtag

MAX_WORDS = 64
"""Words of a query that are searched; further ones are ignored."""
TERM_SPACE = 536_870_912
"""Number of term hashes, the width of a sparse vector (migration 0003)."""

_WORD = regex.compile(r"[^\s/.,:;!?()\[\]{}<>\"“”„«»@#=|]+(?:[.,:]\d+)*")
"""Words as a visitor means them, before they are analysed: "e-mail", "5.5"."""


@dataclass(frozen=True)
class SearchTerm:
    """A word of the query, as a lexeme of the site's index."""

    number: int
    """The lexeme's hash: its index in a chunk's `terms`."""
    word: int
    """Number of the word in the query: on a multilingual site it may have a lexeme in each language."""
    lexeme: str
    passages: int
    """Passages of the site …"""
    document_frequency: int
    """… and those of them with the term."""

    @cached_property
    def inverse_document_frequency(self) -> float:
        """The weight of the term in BM25."""
        return math.log(1 + (self.passages - self.document_frequency + 0.5) / (self.document_frequency + 0.5))


_READ = """
SELECT DISTINCT ON (knowledge_term(lexeme))
       knowledge_term(lexeme) AS number, word, lexeme, vocabulary.passages, coalesce(known.passages, 0)
FROM unnest(%(lexemes)s::text[], %(words)s::int[]) AS form (lexeme, word)
CROSS JOIN (SELECT passages FROM widget_vocabularies WHERE widget_id = %(widget)s) AS vocabulary
LEFT JOIN (SELECT number, passages FROM widget_words WHERE widget_id = %(widget)s) AS known
    ON known.number = knowledge_term(lexeme)
ORDER BY 1, 2
"""


async def read_terms(
    connection: Connection, widget_id: UUID, languages: Sequence[str], question: str
) -> list[SearchTerm]:
    """Return the query's terms in the languages of the widget's pages, without function words."""
    forms = list(_forms(question, [primary_subtag(language) for language in languages]))
    if not forms:
        return []
    lexemes, words = zip(*forms, strict=True)
    rows = await connection.execute(_READ, {"widget": widget_id, "lexemes": list(lexemes), "words": list(words)})
    return [SearchTerm(*row) for row in await rows.fetchall()]


def _forms(question: str, languages: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield each term with the number of its word; a function word of any of the languages is left out of all."""
    words = list(dict.fromkeys(_WORD.findall(question)))[:MAX_WORDS]
    excluded = function_words(*languages, likely_language(words, languages)).grammatical
    for number, word in enumerate(words):
        if is_among(word, excluded):
            continue
        for at, terms in enumerate(zip(*(index_terms(word, language) for language in languages), strict=False)):
            for term in dict.fromkeys(terms):
                yield term, 1000 * number + at


def to_sparse_vector(terms: Collection[SearchTerm]) -> SparseVector:
    """Return the terms with their inverse document frequencies: its inner product with a chunk's `terms` is BM25."""
    # PostgreSQL's indices start at 1, the client's at 0.
    return SparseVector({term.number - 1: term.inverse_document_frequency for term in terms}, TERM_SPACE)


def select_rarest(terms: Collection[SearchTerm], passages: int) -> list[SearchTerm]:
    """Return the rarest term, and further ones while their passages sum up to at most `passages`."""
    chosen: list[SearchTerm] = []
    for term in sorted(terms, key=lambda term: term.document_frequency):
        passages -= term.document_frequency
        if chosen and passages < 0:
            break
        chosen.append(term)
    return chosen


def term_coverage(terms: Sequence[SearchTerm], is_found: Sequence[bool]) -> float:
    """Return the share of the query's words that a passage has, weighted by inverse document frequency.

    `is_found` tells for each term whether the passage has it.
    """
    asked: dict[int, float] = {}
    found: dict[int, float] = {}
    for term, is_in_passage in zip(terms, is_found, strict=True):
        asked[term.word] = max(asked.get(term.word, 0), term.inverse_document_frequency)
        found[term.word] = max(found.get(term.word, 0), term.inverse_document_frequency if is_in_passage else 0)
    return sum(found.values()) / sum(asked.values()) if asked else 0.0
