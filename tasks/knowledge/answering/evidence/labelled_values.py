"""Labelled values: lines whose value is of the question's answer type, as a table row or an item "Weight: 86 g"."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tasks.knowledge.answering.evidence.statements import Statement
from tasks.knowledge.answering.question.answer_types import AnswerType, count_other_words, find_answer_types, has_value
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm
from tasks.knowledge.language.words import stems

TOPIC_SHARE = 0.5
"""Share of the topic's weight that headings and title must have if a label names only the answer type: "Weight"."""

MAX_UNLABELLED_LENGTH = 40
"""Characters of a line that is little but a value, as the price below a product's name: the heading is its label …"""
MAX_OTHER_WORDS = 3
"""… and words beside the value: "€14 for each parcel", but not "Set it up in ten minutes"."""

TermCredit = Callable[[QuestionTerm, Collection[str]], float]
"""Function from a term and a set of stems to the credit for the term, 0 … 1."""


@dataclass(frozen=True)
class LabelledValue:
    """The match of a line with the question's answer type."""

    is_answer: bool
    """Whether the label names the topic or the answer type, and the value is of that type."""
    stems: frozenset[str]
    """Stems of question words that the line answers without containing them."""


NO_MATCH = LabelledValue(is_answer=False, stems=frozenset())


def match_labelled_values(
    question: Question, credit: TermCredit, statements: Sequence[Statement], headings: Collection[str], title: str
) -> list[LabelledValue]:
    """Match each statement; `headings` are the stems of the passage's headings and title."""
    answer_types = find_answer_types(question.text)
    return [_match(question, credit, answer_types, statement, headings, title) for statement in statements]


def implied_stems(question: Question, text: str) -> frozenset[str]:
    """Return the stems of question words that are implied by a value of the answer type in the text."""
    return _implied(question, [each for each in find_answer_types(question.text) if has_value([each], text)])


def _implied(question: Question, answer_types: Sequence[AnswerType]) -> frozenset[str]:
    words = frozenset[str]().union(*(each.implied for each in answer_types))
    return frozenset(term.stem for term in question.terms if term.word.casefold() in words)


def _match(
    question: Question,
    credit: TermCredit,
    answer_types: Sequence[AnswerType],
    statement: Statement,
    headings: Collection[str],
    title: str,
) -> LabelledValue:
    label, value = statement.label, statement.value
    matching = [each for each in answer_types if label and has_value([each], value)]
    if not label:
        label, is_short = statement.heading or title, len(statement.text) <= MAX_UNLABELLED_LENGTH
        matching = [
            each
            for each in answer_types
            if (others := count_other_words(each, statement.text)) is not None
            and (each.allows_in_sentence or (each.allows_unlabelled and is_short and others <= MAX_OTHER_WORDS))
        ]
    if not matching:
        return NO_MATCH
    implied = _implied(question, matching)
    topic = [term for term in question.terms if term.stem not in implied]
    label_stems = set(stems(label, question.language))
    names_type = any(not each.labels.isdisjoint(label.casefold().split()) for each in matching)
    topic_weight = sum(term.weight for term in topic)
    share = TOPIC_SHARE * topic_weight
    is_on_topic = sum(term.weight * credit(term, headings) for term in topic) >= share
    named = sum(term.weight * credit(term, label_stems) for term in topic)
    # "Company: Acme Ltd" does not say who founded the company; a price's label may lack words of the question.
    if named and (named >= share or any(each.is_quantity for each in matching)):
        return LabelledValue(is_answer=True, stems=implied)
    if names_type and is_on_topic:
        # "Weight: 86 g" below the name of a product: the line need not repeat the name.
        return LabelledValue(is_answer=True, stems=implied.union(term.stem for term in topic if credit(term, headings)))
    return NO_MATCH
