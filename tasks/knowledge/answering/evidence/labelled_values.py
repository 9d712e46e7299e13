"""Lines with a label and a value that give what a question asks for: a table's row, an item "Weight: 86 g"."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tasks.knowledge.answering.evidence.statements import Statement
from tasks.knowledge.answering.question.answer_types import Sought, find_sought, is_value, words_beside
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm
from tasks.knowledge.language.words import stems

ABOUT = 0.5
"""Share of what a question is about that the place must have where a label only names the kind: "Weight"."""

BARE_LENGTH = 40
"""Characters of a line that is little but a value, as the price below a product's name: the heading is its label …"""
BESIDE = 3
"""… and words beside the value: "€14 for each parcel", but not "Set it up in ten minutes"."""

Credit = Callable[[QuestionTerm, Collection[str]], float]
"""How much of a term some stems have, 0 … 1."""


@dataclass(frozen=True)
class Given:
    """What a line gives."""

    is_it: bool
    """The label has what is asked about, or names what is asked for, and the value is of that kind."""
    stems: frozenset[str]
    """Of the question's words, those that the line answers without having them."""


NOTHING = Given(is_it=False, stems=frozenset())


def find_given(
    question: Question, credit: Credit, statements: Sequence[Statement], place: Collection[str], title: str
) -> list[Given]:
    """What each statement gives; the headings and the title have the stems of `place`."""
    sought = find_sought(question.text)
    return [_given(question, credit, sought, statement, place, title) for statement in statements]


def implied_stems(question: Question, text: str) -> frozenset[str]:
    """Of the question's words, those that a text need not have which has something of the kind asked for."""
    return _implied(question, [kind for kind in find_sought(question.text) if is_value([kind], text)])


def _implied(question: Question, kinds: Sequence[Sought]) -> frozenset[str]:
    words = frozenset[str]().union(*(kind.implied for kind in kinds))
    return frozenset(term.stem for term in question.terms if term.word.casefold() in words)


def _given(
    question: Question,
    credit: Credit,
    sought: Sequence[Sought],
    statement: Statement,
    place: Collection[str],
    title: str,
) -> Given:
    label, value = statement.label, statement.value
    kinds = [kind for kind in sought if label and is_value([kind], value)]
    if not label:
        label, is_short = statement.heading or title, len(statement.text) <= BARE_LENGTH
        kinds = [
            kind
            for kind in sought
            if (beside := words_beside(kind, statement.text)) is not None
            and (kind.may_be_within or (kind.may_be_bare and is_short and beside <= BESIDE))
        ]
    if not kinds:
        return NOTHING
    implied = _implied(question, kinds)
    about = [term for term in question.terms if term.stem not in implied]
    has = set(stems(label, question.language))
    names_kind = any(not kind.labels.isdisjoint(label.casefold().split()) for kind in kinds)
    is_there = sum(term.weight * credit(term, place) for term in about) >= ABOUT * sum(term.weight for term in about)
    if any(credit(term, has) for term in about):
        return Given(is_it=True, stems=implied)
    if names_kind and is_there:
        # "Weight: 86 g" below the name of the thing: its name need not be in the line.
        return Given(is_it=True, stems=implied.union(term.stem for term in about if credit(term, place)))
    return NOTHING
