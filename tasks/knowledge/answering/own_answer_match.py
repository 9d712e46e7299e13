"""The match of a visitor's question with the questions of the owner's own answers.

An own answer is given word for word, so a wrong one is worse than none. With the reader, the likeliest are weighed by
sense and by the cross-encoder (`own_answer_model`). Without it, the match is a logistic function of the local
model's cosine, of the share of the own question's words that the visitor's has, and of the credit of the weightiest of
them; words weigh by their inverse document frequency on the site. Those weights were fitted, and the threshold was
chosen, on the cases at even places of `tests/knowledge/own_answer_cases.py`; those at odd places were only measured.

A question for a price, a time or another value is matched only by a question for the same, or by an answer that has
such a value.
"""

import asyncio
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import numpy as np

from tasks.core.database import Pool
from tasks.core.models import Frozen
from tasks.knowledge.answering.own_answer_model import (
    UNRELATED_FIT,
    UNRELATED_SENSE,
    OwnFeatures,
    leads,
    load_own_answer_model,
)
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
CANDIDATES = 24
"""Questions near by words that are compared by sense."""
READ = 8
"""Those that are read by the cross-encoder, the nearest by sense."""
ANSWER_SHARE = 0.5
"""Part of the answer's sense beside the question's in the choice of those."""
MIN_WORD_COSINE = 0.45
"""Cosine from which two words count as related."""
SIMILARITY, COVERED, RAREST, BIAS, THRESHOLD = 10.3, 4.5, 1.1, -7.4, 0.45
"""Coefficients without the reader, and the probability from which an own answer is given."""


class Reader(Protocol):
    """Rates texts for a question in a language (BCP 47); not all need be rated, in time or at all."""

    async def read_senses(self, question: str, texts: Sequence[str], language: str) -> Mapping[str, float]:
        """Return similarities in sense, in standard deviations above unrelated texts."""

    async def judge(self, question: str, texts: Sequence[str], language: str) -> Mapping[str, float]:
        """Return the cross-encoder's ratings."""


class OwnMatch(Frozen):
    """An own answer that fits the visitor's question."""

    question: str
    answer: str
    link: str | None


async def match_own_answer(
    pool: Pool, widget_id: UUID, asked: str, language: str, reader: Reader | None = None
) -> OwnMatch | None:
    """Return the owner's answer to the question; None if the owner has none for it.

    `language` is the site's, BCP 47.
    """
    if not await has_own_answers(pool, widget_id):
        return None
    await _renew(pool, widget_id)
    [vector] = await embed_questions([asked])
    near = await find_own_questions(pool, widget_id, MODEL, vector, CANDIDATES)
    best = await _choose(pool, widget_id, asked, near, language, reader)
    return None if best is None else OwnMatch(question=best.text, answer=best.answer, link=best.link)


async def choose_own_answer(
    pool: Pool,
    widget_id: UUID,
    asked: str,
    questions: Sequence[str],
    answer: str,
    language: str,
    reader: Reader | None = None,
) -> str | None:
    """Return the one of the questions of an unsaved own answer that asks for the same; None if none does."""
    vector, *others = await embed_questions([asked, *questions])
    near = [
        OwnQuestion(answer_id=widget_id, text=text, answer=answer, link=None, similarity=float(vector @ other))
        for text, other in zip(questions, others, strict=True)
    ]
    best = await _choose(pool, widget_id, asked, near, language, reader)
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
    reader: Reader | None,
) -> OwnQuestion | None:
    """Return the one of the questions that asks for the same; None if none does."""
    for question in near:
        if normalize_question(question.text) == normalize_question(asked):
            return question
    near = [question for question in near if _asks_for_the_same_value(asked, question)]
    if not near:
        return None
    rated = None if reader is None else await _rate(reader, asked, near, language)
    if rated is None:
        return await _choose_by_words(pool, widget_id, asked, near, language)
    log_odds, best = max(rated, key=lambda each: each[0])
    return best if log_odds >= load_own_answer_model().threshold else None


async def _rate(
    reader: Reader, asked: str, near: Sequence[OwnQuestion], language: str
) -> list[tuple[float, OwnQuestion]] | None:
    """Return the log-odds of the nearest questions; None if the reader does not rate all of them."""
    senses = await reader.read_senses(asked, [text for each in near for text in (each.text, each.answer)], language)
    if not all(each.text in senses and each.answer in senses for each in near):
        return None
    read = rank_by_sense(near, senses)[:READ]
    fits = await reader.judge(asked, [text_of(each) for each in read], language)
    if not all(text_of(each) in fits for each in read):
        return None
    measured = measure_own_answers(read, senses, fits)
    return [(load_own_answer_model().log_odds(features), each) for features, each in zip(measured, read, strict=True)]


def rank_by_sense(own: Sequence[OwnQuestion], senses: Mapping[str, float]) -> list[OwnQuestion]:
    """Return the own questions, the nearest by sense first; `senses` by question and answer."""
    return sorted(own, key=lambda each: -(senses[each.text] + ANSWER_SHARE * senses[each.answer]))


def measure_own_answers(
    own: Sequence[OwnQuestion], senses: Mapping[str, float], fits: Mapping[str, float]
) -> list[OwnFeatures]:
    """Return the features of each own question; `fits` by `text_of`."""
    owners = [each.answer_id for each in own]
    near, rated = [senses[each.text] for each in own], [fits[text_of(each)] for each in own]
    leading = zip(leads(near, owners, UNRELATED_SENSE), leads(rated, owners, UNRELATED_FIT), strict=True)
    return [
        OwnFeatures(
            answer_sense=senses[each.answer],
            fit=fit,
            sense_lead=sense_lead,
            fit_lead=fit_lead,
        )
        for each, fit, (sense_lead, fit_lead) in zip(own, rated, leading, strict=True)
    ]


def text_of(own: OwnQuestion) -> str:
    """Return the text that the cross-encoder reads."""
    return f"{own.text} {own.answer}"


async def _choose_by_words(
    pool: Pool, widget_id: UUID, asked: str, near: Sequence[OwnQuestion], language: str
) -> OwnQuestion | None:
    analysed = await analyse_question(pool, widget_id, "\n".join([asked, *(each.text for each in near)]), language)
    word_weights = {term.stem: term.weight for term in analysed.terms}
    scored = []
    for question in near:
        covered, rarest = _coverage(asked, question.text, word_weights, language)
        total = SIMILARITY * question.similarity + COVERED * covered + RAREST * rarest + BIAS
        scored.append((1 / (1 + math.exp(-total)), question))
    best = max(scored, key=lambda pair: pair[0])
    return best[1] if best[0] >= THRESHOLD else None


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
