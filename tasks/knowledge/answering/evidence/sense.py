"""The reader's view of a question: sentences rated by their sense, and the everyday intent behind the question."""

from collections.abc import Mapping
from enum import StrEnum

from tasks.core.models import Frozen
from tasks.knowledge.answering.question.answer_types import AnswerType


class Check(StrEnum):
    """The part of the cross-encoder in the ratings."""

    read = "read"
    """It read the likeliest statements."""
    missing = "missing"
    """It was late, failed, or there is none."""
    unasked = "unasked"
    """The question names a topic: it looks for the one statement that answers, and there is none."""


class Reading(Frozen):
    """The ratings for one question."""

    senses: Mapping[str, float]
    """Similarity in sense by text, in standard deviations above unrelated sentences."""
    asked: tuple[AnswerType, ...] = ()
    """Answer types of the most likely everyday intent …"""
    certainty: float = 0.0
    """… and how likely it is, 0 … 1."""
    is_understood: bool = False
    """Whether the model knows the texts' language, or has read their glosses."""
    fits: Mapping[str, float] = {}
    """Additions to the log-odds that a text answers, by the cross-encoder; of the likeliest texts only."""
    check: Check = Check.missing


NOTHING_READ = Reading(senses={})
"""The view without a reader."""
