"""Fact evidence: whether a statement has the kind of fact that a question asks for, or another one."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from tasks.knowledge.answering.evidence.sense import Reading
from tasks.knowledge.answering.question.answer_types import AnswerType, find_answer_types, has_value, load_answer_types

FACTS = frozenset(("phone", "email", "address", "hours", "payment"))
"""Answer types whose values are facts of a business, recognizable within any sentence."""
_YES_OR_NO = re.compile(
    r"\W*(?:and |so |but |hi,? |hello,? )?(?:do|does|did|is|are|am|was|were|can|could|may|might|will|would|have|has"
    r"|should|must)(?:n['’]t)? ",
    re.IGNORECASE,
)


class FactFeatures(NamedTuple):
    """The features by facts."""

    fact: float
    """Certainty that a kind of fact is asked for if the statement has one; negative if it has none."""
    other_fact: float
    """Whether it has a fact of a kind that is not asked for, and none that is."""


def asked_facts(question: str) -> list[AnswerType]:
    """Return the kinds of facts that the question names."""
    return [each for each in find_answer_types(question) if each.name in FACTS]


def fact_test(question: str, reading: Reading) -> Callable[[str], FactFeatures]:
    """Return a test of statements for the facts that the question asks for."""
    named = [each.name for each in asked_facts(question)]
    likely = [each.name for each in reading.asked if each.name in FACTS]
    certainty = 1.0 if named else reading.certainty
    asked = frozenset(named or likely)

    def measure(text: str) -> FactFeatures:
        found = facts_in(text)
        is_asked = not asked.isdisjoint(found)
        fact = certainty if is_asked else -certainty
        return FactFeatures(fact if asked else 0.0, float(bool(found) and not is_asked))

    return measure


@lru_cache(maxsize=10_000)
def facts_in(text: str) -> frozenset[str]:
    """Return the kinds of facts that a text has."""
    return frozenset(each.name for each in load_answer_types() if each.name in FACTS and has_value([each], text))


def is_yes_or_no(question: str) -> bool:
    """Whether an English question can be answered by yes or no."""
    return bool(_YES_OR_NO.match(question))
