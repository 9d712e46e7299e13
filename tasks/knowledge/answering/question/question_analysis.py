"""Question analysis: the question's terms, each weighted by its inverse document frequency in the site."""

import math
import re
from collections.abc import Sequence
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.models import Frozen
from tasks.knowledge.answering.question.quantities import without_measure
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import primary_subtag, read_words, stemmer

MAX_TERMS = 40
"""Words of a question that are analysed; further ones are ignored."""


class QuestionTerm(Frozen):
    """A content word of the question."""

    word: str
    """The word as the visitor wrote it."""
    stem: str
    weight: float
    """Inverse document frequency among the site's passages, scaled to 0 … 1; 1 for a word that no passage has."""
    is_known: bool
    """Whether any passage of the site has the word."""
    is_name: bool
    """Whether it is a name, an identifier or a number, which has no synonym."""


class Question(Frozen):
    """A question with its terms."""

    text: str
    language: str
    """Language of the site's pages, BCP 47; the stems follow its inflection."""
    terms: tuple[QuestionTerm, ...]

    @property
    def weight(self) -> float:
        """The sum of the terms' weights."""
        return sum(term.weight for term in self.terms)


_COUNTS = """
WITH knowledge AS MATERIALIZED (
    SELECT coalesce(passages, 0) AS passages
    FROM widgets LEFT JOIN widget_vocabularies ON widget_id = id WHERE id = %(widget)s
)
SELECT passages, coalesce((
    SELECT known.passages FROM widget_words AS known WHERE widget_id = %(widget)s AND number = knowledge_term(lexeme)
), 0)
FROM knowledge, unnest(%(lexemes)s::text[]) WITH ORDINALITY AS asked (lexeme, place) ORDER BY place
"""


async def analyse_question(pool: Pool, widget_id: UUID, text: str, language: str, asked_in: str = "") -> Question:
    """Return the question with its terms, weighted by the widget's knowledge in one query.

    `language` is the site's, `asked_in` the visitor's: the function words of both are removed.
    """
    excluded = function_words(primary_subtag(language), primary_subtag(asked_in or language)).all
    listed = dict.fromkeys(word for word in read_words(without_measure(text)) if word.casefold() not in excluded)
    words = list(listed)[:MAX_TERMS]
    stem = stemmer(language)
    async with pool.connection() as connection:
        rows = await connection.execute(
            _COUNTS,
            {"widget": widget_id, "lexemes": [stem(word) for word in words]},
        )
        counts = await rows.fetchall()
    return Question(text=text, language=language, terms=tuple(_terms(text, words, counts, language)))


def _terms(text: str, words: Sequence[str], counts: Sequence[Sequence[int]], language: str) -> list[QuestionTerm]:
    stem = stemmer(language)
    terms: dict[str, QuestionTerm] = {}
    for word, (passages, found) in zip(words, counts, strict=False):
        weight = math.log((passages + 1) / (found + 0.5)) / math.log((passages + 1) / 0.5)
        if weight <= 0:
            continue
        is_name = any(character.isdigit() for character in word) or _is_name(text, word)
        terms.setdefault(
            stem(word), QuestionTerm(word=word, stem=stem(word), weight=weight, is_known=found > 0, is_name=is_name)
        )
    return list(terms.values())


def _is_name(text: str, word: str) -> bool:
    """Whether the word is capitalized within a sentence that has lower case, or stands in code."""
    if not any(character.islower() for character in text):
        return False
    if re.search(rf"[`_.(]{re.escape(word)}|{re.escape(word)}[`_(]", text):
        return True
    return word[0].isupper() and not re.match(rf"\W*{re.escape(word)}\b", text) and not _begins_sentence(text, word)


def _begins_sentence(text: str, word: str) -> bool:
    return bool(re.search(rf"[.?!]\s+\W*{re.escape(word)}\b", text))
