"""The match of a visitor's question with the questions of the owner's own answers.

An own answer is given word for word, so a wrong one is worse than none. The match is a logistic function of a weighted
sum of features: the similarity of the questions, the share of the own question's words that the visitor's has, and the
credit of the weightiest of them. Weights of words are inverse document frequencies on the site, so that "coffee" tells
little in a coffee shop. The similarity is the sentence model's or, without one, the cosine of the local model.

A question for a price, a time or another value is matched only by a question for the same, or by an answer that has
such a value.

`tests/knowledge/answering/test_own_answer_match.py` measures it. The weights were fitted, and the threshold was chosen,
on the cases at even places of `tests/knowledge/own_answer_cases.py`; those at odd places were only measured.
"""

import asyncio
import math
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from tasks.core.database import Pool
from tasks.core.models import Frozen
from tasks.knowledge.answering.question.answer_types import find_answer_types, has_value
from tasks.knowledge.answering.question.question_analysis import analyse_question
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import primary_subtag, read_words, stemmer
from tasks.records.own_answers import (
    OwnQuestion,
    QuestionVector,
    find_own_questions,
    has_own_answers,
    read_questions_of_other_models,
    renew_vectors,
)

MODEL = "local"
"""Name of the vectors' model; others are renewed when a question is asked."""
CANDIDATES = 16
"""Questions near in meaning that are compared word by word."""
MIN_WORD_COSINE = 0.45
"""Cosine from which two words count as related."""


ReadSenses = Callable[[str, Sequence[str], str], Awaitable[Mapping[str, float]]]
"""Rates texts by their sense for a question, in standard deviations above unrelated ones; not all need be rated."""


@dataclass(frozen=True)
class _Weights:
    similarity: float
    covered: float
    rarest: float
    bias: float
    threshold: float
    """Probability from which an own answer is given."""

    def probability(self, similarity: float, covered: float, rarest: float) -> float:
        total = self.similarity * similarity + self.covered * covered + self.rarest * rarest + self.bias
        return 1 / (1 + math.exp(-total))


BY_COSINE = _Weights(similarity=10.3, covered=4.5, rarest=1.1, bias=-7.4, threshold=0.45)
BY_SENSE = _Weights(similarity=1.25, covered=1.5, rarest=2.95, bias=-10.4, threshold=0.4)


class OwnMatch(Frozen):
    """An own answer that fits the visitor's question."""

    question: str
    answer: str
    link: str | None


async def match_own_answer(
    pool: Pool, widget_id: UUID, asked: str, language: str, read_senses: ReadSenses | None = None
) -> OwnMatch | None:
    """Return the owner's answer to the question; None if the owner has none for it.

    `language` is the site's, BCP 47.
    """
    if not await has_own_answers(pool, widget_id):
        return None
    await _renew(pool, widget_id)
    [vector] = await embed_questions([asked])
    near = await find_own_questions(pool, widget_id, MODEL, vector, CANDIDATES)
    best = await _choose(pool, widget_id, asked, near, language, read_senses)
    return None if best is None else OwnMatch(question=best.text, answer=best.answer, link=best.link)


async def choose_own_answer(
    pool: Pool,
    widget_id: UUID,
    asked: str,
    questions: Sequence[str],
    answer: str,
    language: str,
    read_senses: ReadSenses | None = None,
) -> str | None:
    """Return the one of the questions of an unsaved own answer that asks for the same; None if none does."""
    vector, *others = await embed_questions([asked, *questions])
    near = [
        OwnQuestion(answer_id=widget_id, text=text, answer=answer, link=None, similarity=float(vector @ other))
        for text, other in zip(questions, others, strict=True)
    ]
    best = await _choose(pool, widget_id, asked, near, language, read_senses)
    return None if best is None else best.text


async def embed_questions(questions: Sequence[str]) -> list[QuestionVector]:
    """Return the vectors that questions are compared by."""
    return list(await asyncio.to_thread(embed_locally, list(questions)))


async def _renew(pool: Pool, widget_id: UUID) -> None:
    outdated = await read_questions_of_other_models(pool, widget_id, MODEL)
    if outdated:
        await renew_vectors(pool, MODEL, outdated, await embed_questions([text for _, _, text in outdated]))


async def _choose(
    pool: Pool,
    widget_id: UUID,
    asked: str,
    near: Sequence[OwnQuestion],
    language: str,
    read_senses: ReadSenses | None,
) -> OwnQuestion | None:
    """Return the one of the questions that asks for the same; None if none does."""
    for question in near:
        if normalize_question(question.text) == normalize_question(asked):
            return question
    near = [question for question in near if _asks_for_the_same_value(asked, question)]
    if not near:
        return None
    texts = [question.text for question in near]
    analysed = await analyse_question(pool, widget_id, "\n".join([asked, *texts]), language)
    word_weights = {term.stem: term.weight for term in analysed.terms}
    senses = {} if read_senses is None else await read_senses(asked, texts, language)
    # All by one measure, so that they can be compared.
    weights = BY_SENSE if senses.keys() >= set(texts) else BY_COSINE
    scored = []
    for question in near:
        similarity = senses[question.text] if weights is BY_SENSE else question.similarity
        coverage = _coverage(asked, question.text, word_weights, language)
        scored.append((weights.probability(similarity, *coverage), question))
    best = max(scored, key=lambda pair: pair[0])
    return best[1] if best[0] >= weights.threshold else None


def normalize_question(text: str) -> str:
    """Return the words of a question without case and punctuation, to tell equal ones."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _asks_for_the_same_value(asked: str, own: OwnQuestion) -> bool:
    # "Where do I get …?" is often answered without a place.
    wanted = [each for each in find_answer_types(asked) if each.name != "place"]
    if not wanted:
        return True
    return bool(set(wanted) & set(find_answer_types(own.text))) or has_value(wanted, own.answer)


def _coverage(asked: str, own: str, weights: Mapping[str, float], language: str) -> tuple[float, float]:
    """Return the share of the own question's weight that the asked one has, and the credit of its weightiest word."""
    asked_terms, own_terms = _terms(asked, language), _terms(own, language)
    if not asked_terms or not own_terms:
        return 0.0, 0.0
    cosines = embed_locally(list(own_terms.values())) @ embed_locally(list(asked_terms.values())).T
    credit = np.where(cosines >= MIN_WORD_COSINE, cosines, 0.0).max(axis=1)
    credit = np.where([stem in asked_terms for stem in own_terms], 1.0, credit)
    weight = np.array([weights.get(stem, 1.0) for stem in own_terms])
    return float(credit @ weight / max(weight.sum(), 1e-6)), float(credit[weight.argmax()])


def _terms(text: str, language: str) -> dict[str, str]:
    """Return the content words by their stems."""
    stem, left_out = stemmer(language), function_words(primary_subtag(language)).all
    return {stem(word): word for word in read_words(text) if word.casefold() not in left_out}
