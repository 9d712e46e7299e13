"""Candidates: the statements of the best passages that may answer a question, each with its place on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tasks.core.models import Passage
from tasks.knowledge.answering.evidence.statements import QUESTION_MARKS, Statement, StatementKind, read_statements

MAX_TITLE = 80
"""Characters of the page's title in a statement's context: some titles are lists of keywords."""
MAX_CONTEXT = 400
"""Characters of a context: a sentence model reads little more."""


@dataclass(frozen=True)
class StatementCandidate:
    """A statement of a passage that may answer."""

    passage: int
    """Index of its passage."""
    at: int
    """Index of the statement in its passage."""
    statement: Statement
    context: str
    """The statement below its page's title, its heading and the question it follows: what a sentence model reads."""


def read_candidates(passages: Sequence[Passage]) -> list[StatementCandidate]:
    """Return the statements of the passages that can be answers, in order: a question or a link on the page is none."""
    return [
        StatementCandidate(number, at, statement, context)
        for number, passage in enumerate(passages)
        for at, (statement, context) in enumerate(read_contexts(passage.title, passage.heading, passage.text))
        if not (statement.is_question or statement.is_link)
    ]


@lru_cache(maxsize=1_000)
def read_contexts(title: str, heading: str, text: str) -> tuple[tuple[Statement, str], ...]:
    """Return the statements of a passage, each with its context."""
    statements = read_statements(text)
    return tuple((each, _context(title, heading, statements, at)) for at, each in enumerate(statements))


def question_above(text: str, at: int) -> str:
    """Return the question that the statement directly follows: its heading, or the statement before; empty if none."""
    statements = read_statements(text)
    before = statements[at - 1] if at else None
    if before is not None and before.heading == statements[at].heading:
        return before.text if before.is_question else ""
    return statements[at].heading if statements[at].heading.endswith(QUESTION_MARKS) else ""


def _context(title: str, heading: str, statements: Sequence[Statement], at: int) -> str:
    statement = statements[at]
    nearest = statement.heading or heading.rpartition(" > ")[2]
    place = " > ".join(dict.fromkeys(part for part in (title[:MAX_TITLE], nearest) if part))
    before = statements[at - 1] if at else None
    lead = before.text if before and _leads(before, statement) else ""
    said = " ".join(part for part in (lead, statement.text) if part)
    return (f"{place}: {said}" if place else said)[:MAX_CONTEXT]


def _leads(before: Statement, statement: Statement) -> bool:
    """Whether the statement is the answer to a question above it, or an item below its introduction."""
    if before.heading != statement.heading or statement.kind is StatementKind.code:
        return False
    return before.is_question or before.introduces_next
