"""What a question asks for: its words, each weighing as much as it tells the site's passages apart."""

import math
import re
from collections.abc import Sequence
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.models import Frozen
from tasks.knowledge.answering.function_words import function_words
from tasks.knowledge.answering.quantities import without_measure
from tasks.knowledge.answering.words import read_words, stemmer
from tasks.knowledge.languages import text_search_configuration

MAX_TERMS = 40
"""Longer questions are judged by their first words."""
MANY = 2_000
"""Passages counted at most for a word: what is in more of them is common anyway."""


class Term(Frozen):
    """A word of the question that means something."""

    word: str
    """As the visitor wrote it."""
    stem: str
    weight: float
    """0 … 1: how rare it is among the site's passages; 1 for a word that no passage has."""
    is_known: bool
    """Whether any passage of the site has it."""
    is_name: bool
    """A name, an identifier or a number: no other word can stand for it."""


class Question(Frozen):
    """A question, analysed."""

    text: str
    language: str
    """BCP 47, of the site's pages: whose inflection the stems follow."""
    terms: tuple[Term, ...]

    @property
    def weight(self) -> float:
        """What all terms weigh together."""
        return sum(term.weight for term in self.terms)


_COUNTS = """
WITH knowledge AS (
    SELECT active_job_id AS job, (SELECT count(*) FROM knowledge_chunks WHERE job_id = active_job_id) AS passages
    FROM widgets WHERE id = %(widget)s
)
SELECT asked.position, passages,
       CASE WHEN asked.query IS NOT NULL THEN (
           SELECT count(*) FROM (
               SELECT 1 FROM knowledge_chunks WHERE job_id = job AND search @@ asked.query LIMIT %(many)s
           ) AS having_it
       ) END AS found
FROM knowledge, (
    SELECT position, nullif(plainto_tsquery(%(configuration)s::regconfig, word)::text, '')::tsquery AS query
    FROM unnest(%(words)s::text[]) WITH ORDINALITY AS listed (word, position)
) AS asked ORDER BY asked.position
"""


async def analyse_question(
    pool: Pool, widget_id: UUID, text: str, language: str, *, is_foreign: bool = False
) -> Question:
    """The question with the weights of its words in the widget's knowledge, in one query.

    `language` is the site's; a foreign question's own function words are left out too.
    """
    leave_out = function_words().all if is_foreign else function_words().framing
    listed = dict.fromkeys(word for word in read_words(without_measure(text)) if word.casefold() not in leave_out)
    words = list(listed)[:MAX_TERMS]
    async with pool.connection() as connection:
        rows = await connection.execute(
            _COUNTS,
            {
                "widget": widget_id,
                "words": words,
                "configuration": text_search_configuration(language),
                "many": MANY,
            },
        )
        counts = [(passages, found) for _, passages, found in await rows.fetchall()]
    return Question(text=text, language=language, terms=tuple(_terms(text, words, counts, language)))


def _terms(text: str, words: Sequence[str], counts: Sequence[tuple[int, int | None]], language: str) -> list[Term]:
    stem = stemmer(language)
    terms: dict[str, Term] = {}
    for word, (passages, found) in zip(words, counts, strict=False):
        # PostgreSQL has no query for what it takes for a stop word.
        if found is None:
            continue
        weight = math.log((passages + 1) / (found + 0.5)) / math.log((passages + 1) / 0.5)
        if weight <= 0:
            continue
        is_name = any(character.isdigit() for character in word) or _is_name(text, word)
        terms.setdefault(
            stem(word), Term(word=word, stem=stem(word), weight=weight, is_known=found > 0, is_name=is_name)
        )
    return list(terms.values())


def _is_name(text: str, word: str) -> bool:
    """Written with a capital inside a sentence that has small letters, or within code."""
    if not any(character.islower() for character in text):
        return False
    if re.search(rf"[`_.(]{re.escape(word)}|{re.escape(word)}[`_(]", text):
        return True
    return word[0].isupper() and not re.match(rf"\W*{re.escape(word)}\b", text) and not _after_stop(text, word)


def _after_stop(text: str, word: str) -> bool:
    return bool(re.search(rf"[.?!]\s+\W*{re.escape(word)}\b", text))
