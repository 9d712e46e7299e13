"""The answer model: the probability that a statement answers the question, and the refusal threshold.

A logistic model of the features in `statement_features`, learned by `python -m tests.benchmarks.learn_answers`, which
names the questions it was learned on. It has three parts: with sentences rated by sense, in English or by their
glosses; with ratings in a language that the model does not know; and by words alone. What the cross-encoder adds to
the log-odds of the likeliest statements was learned apart. Below the threshold of an answer lies that of a near
statement, which is shown with a reservation.
"""

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tasks.core.models import Frozen
from tasks.knowledge.answering.evidence.sense import Check
from tasks.knowledge.answering.evidence.statement_features import Features
from tasks.knowledge.language.words import primary_subtag

REFUSAL_THRESHOLD = 0.5
"""Probability below which a passage does not count as an answer."""


class Part(StrEnum):
    """The parts of the model."""

    sense = "sense"
    """Sentences are rated by sense, in a language that the sentence model knows, or by their glosses."""
    foreign = "foreign"
    """Sentences are rated, in a language that it does not know."""
    words = "words"
    """Sentences are not rated."""


class Thresholds(Frozen):
    """Log-odds by language (`*`: any other)."""

    answers: Mapping[str, float]
    """Those from which a statement answers."""
    near: Mapping[str, float]
    """Those from which it comes near."""


class Rating(NamedTuple):
    """The weight of a statement for a question."""

    strength: float
    """The probability that it answers: 0.5 at its language's threshold."""
    is_near: bool
    """Whether it comes near, or answers."""


class LogisticPart(Frozen):
    """Coefficients of one part."""

    weights: Mapping[str, float]
    bias: float
    thresholds: Mapping[Check, Thresholds]

    def log_odds(self, features: Features) -> float:
        """Return the log-odds that the statement answers."""
        values = features._asdict()
        return float(self.bias + sum(weight * values[name] for name, weight in self.weights.items()))


@cache
def load_answer_model() -> Mapping[Part, LogisticPart]:
    """Return the parts; the file is read once a process."""
    listed = json.loads(Path(__file__).with_name("answer_model.json").read_text("utf-8"))
    return {Part(name): LogisticPart.model_validate(part) for name, part in listed.items()}


def choose_part(features: Features, *, is_understood: bool) -> Part:
    """Return the part for a candidate in this language (BCP 47)."""
    if math.isnan(features.sense):
        return Part.words
    return Part.sense if is_understood else Part.foreign


def rate_answer(part: Part, features: Features, language: str, check: Check, fit: float | None = None) -> Rating:
    """Rate a statement; `fit` is what the cross-encoder adds to the log-odds."""
    model = load_answer_model()[part]
    thresholds = model.thresholds[check]
    log_odds = model.log_odds(features) + (fit or 0.0)
    least = _of_language(thresholds.answers, language)
    return Rating(_probability(log_odds - least), log_odds >= min(least, _of_language(thresholds.near, language)))


def _of_language(thresholds: Mapping[str, float], language: str) -> float:
    return thresholds.get(primary_subtag(language), thresholds["*"])


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
