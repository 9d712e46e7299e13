"""The answer model: the probability that a statement answers the question, and the refusal threshold.

A logistic model of the features in `statement_features`, learned by `python -m tests.benchmarks.learn_answers`, which
names the questions it was learned on. It has three parts: with sentences rated by sense, in English or by their
glosses; with ratings in a language that the model does not know; and by words alone. What the cross-encoder adds to
the log-odds of the likeliest statements was learned apart.
"""

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from tasks.core.models import Frozen
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


class LogisticPart(Frozen):
    """Coefficients of one part."""

    weights: Mapping[str, float]
    bias: float
    thresholds: Mapping[str, float]
    """Log-odds from which a statement answers, by language (`*`: any other), each chosen on questions in it."""
    judged_thresholds: Mapping[str, float] = {"*": 0.0}
    """Those from which one answers that the cross-encoder has read too."""

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


def answer_probability(part: Part, features: Features, language: str, fit: float | None = None) -> float:
    """Return the probability that the statement answers: 0.5 at its language's threshold.

    `fit` is what the cross-encoder adds to the log-odds.
    """
    model = load_answer_model()[part]
    thresholds = model.thresholds if fit is None else model.judged_thresholds
    threshold = thresholds.get(primary_subtag(language), thresholds["*"])
    return _probability(model.log_odds(features) + (fit or 0.0) - threshold)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
