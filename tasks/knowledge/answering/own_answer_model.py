"""The own-answer model: the probability that a visitor's question is one that the owner has answered.

A logistic model of the features below, learned by `python -m tests.benchmarks.learn_own_answers`. Of several own
answers that come near a question, the one that stands out is meant; where two come equally near, it is neither.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tasks.core.models import Frozen

UNRELATED_SENSE, UNRELATED_FIT = 0.0, -4.0
"""Similarity in sense, and the cross-encoder's rating, of texts that have nothing in common."""


class OwnFeatures(NamedTuple):
    """The features of an own answer for a question."""

    answer_sense: float
    """Similarity in sense of the question and the answer, in standard deviations above unrelated texts."""
    fit: float
    """The cross-encoder's rating of the visitor's question and the own question with its answer."""
    sense_lead: float
    """Similarity in sense of both questions above that of the best other own answer."""
    fit_lead: float
    """Rating above that of the best other own answer."""


class OwnAnswerModel(Frozen):
    """Coefficients of the features, and the decision."""

    weights: Mapping[str, float]
    bias: float
    threshold: float
    """Log-odds from which the own answer is given."""

    def log_odds(self, features: OwnFeatures) -> float:
        """Return the log-odds that the own answer is meant."""
        values = features._asdict()
        return float(self.bias + sum(weight * values[name] for name, weight in self.weights.items()))


@cache
def load_own_answer_model() -> OwnAnswerModel:
    """Return the model; the file is read once a process."""
    return OwnAnswerModel.model_validate_json(Path(__file__).with_name("own_answer_model.json").read_text("utf-8"))


def leads(values: Sequence[float], owners: Sequence[object], unrelated: float) -> list[float]:
    """Return how much each value is above the best of another answer, at least an unrelated text's."""
    return [
        value - max([unrelated, *(other for other, its in zip(values, owners, strict=True) if its != owner)])
        for value, owner in zip(values, owners, strict=True)
    ]
