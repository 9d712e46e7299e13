"""Clarification: a question that fits several things of the site, as "How much is it?", is asked back.

The things are the labels of values of the asked type: a row's first cell, the text before a colon, or the heading above
a line that is little but the value.
"""

from collections.abc import Iterator, Sequence

from tasks.core.models import Passage
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.evidence.labelled_values import MAX_OTHER_WORDS
from tasks.knowledge.answering.evidence.statement_candidates import question_above
from tasks.knowledge.answering.evidence.statements import Statement, read_statements
from tasks.knowledge.answering.question.answer_types import AnswerType, count_other_words, find_answer_types, has_value
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import primary_subtag, read_words, stems

MEASURED = ("price", "duration", "weight", "length", "height", "width")
"""Answer types whose values belong to a thing: a site has one address, but many prices."""
MAX_CHOICES = 4
"""Choices that the widget shows."""
MAX_LABEL = 60
"""Characters of a thing's name."""


def find_choices(question: str, asked_in: str, language: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return whole questions for the things that the question fits, in the order of the pages.

    None if it names a thing, if the site has at most one, or if the site itself answers just this question. The
    question is in the language `asked_in`, the site in `language`.
    """
    asked = [each for each in find_answer_types(question) if each.name in MEASURED]
    if not asked or _names_thing(question, asked_in, asked) or any(_asks_same(question, language, e) for e in evidence):
        return ()
    labels = list(dict.fromkeys(label for each in evidence for label in _labels(each.passage, asked)))
    if len(labels) < 2:
        return ()
    stem = question.rstrip(" ?？؟")
    return tuple(f"{stem}: {label}?" for label in labels[:MAX_CHOICES])


def _names_thing(question: str, language: str, asked: Sequence[AnswerType]) -> bool:
    """Whether the question has a word that only some of the site's things go with."""
    left_out = function_words(primary_subtag(language)).all.union(*(each.implied | each.labels for each in asked))
    return any(len(word) > 1 and word.casefold() not in left_out for word in read_words(question))


def _asks_same(question: str, language: str, evidence: Evidence) -> bool:
    if evidence.best is None:
        return False
    above = question_above(evidence.passage.text, evidence.best)
    return bool(above) and set(stems(above, language)) == set(stems(question, language))


def _labels(passage: Passage, asked: Sequence[AnswerType]) -> Iterator[str]:
    for statement in read_statements(passage.text):
        label = _label(statement, asked)
        if label and len(label) <= MAX_LABEL and not has_value(asked, label):
            yield label


def _label(statement: Statement, asked: Sequence[AnswerType]) -> str:
    if statement.label:
        return statement.label.strip() if has_value(asked, statement.value) else ""
    others = [count for each in asked if (count := count_other_words(each, statement.text)) is not None]
    return statement.heading.strip() if others and min(others) <= MAX_OTHER_WORDS else ""
