"""What a question asks for: its words, each weighing as much as it tells the site's passages apart."""

import math
import re
from collections.abc import Sequence
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.models import Frozen
from tasks.knowledge.answering.question.quantities import without_measure
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.text_search import text_search_configuration
from tasks.knowledge.language.words import read_words, stemmer

MAX_TERMS = 40
"""Longer questions are judged by their first words."""


class QuestionTerm(Frozen):
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
    terms: tuple[QuestionTerm, ...]

    @property
    def weight(self) -> float:
        """What all terms weigh together."""
        return sum(term.weight for term in self.terms)


_COUNTS = """
WITH knowledge AS MATERIALIZED (
    SELECT active_job_id AS job, coalesce(passages, 0) AS passages
    FROM widgets LEFT JOIN knowledge_vocabularies ON job_id = active_job_id WHERE id = %(widget)s
)
SELECT passages, (
    -- None for what PostgreSQL takes for a stop word; of several lexemes a passage must have all.
    SELECT min(coalesce((
        SELECT known.passages FROM knowledge_words AS known WHERE job_id = job AND number = knowledge_term(lexeme)
    ), 0)) FROM unnest(to_tsvector(%(configuration)s::regconfig, word))
)
FROM knowledge, unnest(%(words)s::text[]) WITH ORDINALITY AS asked (word, place) ORDER BY place
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
            {"widget": widget_id, "words": words, "configuration": text_search_configuration(language)},
        )
        counts = await rows.fetchall()
    return Question(text=text, language=language, terms=tuple(_terms(text, words, counts, language)))


def _terms(
    text: str, words: Sequence[str], counts: Sequence[Sequence[int | None]], language: str
) -> list[QuestionTerm]:
    stem = stemmer(language)
    terms: dict[str, QuestionTerm] = {}
    for word, (passages, found) in zip(words, counts, strict=False):
        if passages is None or found is None:
            continue
        weight = math.log((passages + 1) / (found + 0.5)) / math.log((passages + 1) / 0.5)
        if weight <= 0:
            continue
        is_name = any(character.isdigit() for character in word) or _is_name(text, word)
        terms.setdefault(
            stem(word), QuestionTerm(word=word, stem=stem(word), weight=weight, is_known=found > 0, is_name=is_name)
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
