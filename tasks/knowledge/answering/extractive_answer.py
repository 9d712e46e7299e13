"""The extractive answer: quotes of the best statements from the strongest passages."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tasks.knowledge.answering.evidence.answer_model import REFUSAL_THRESHOLD
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.evidence.statements import Statement, StatementKind, read_statements
from tasks.knowledge.answering.repeated_hours import repeats_hours
from tasks.knowledge.answering.safe_markdown import escape_markdown, fence_code

MAX_PASSAGES = 3
MAX_PER_PAGE = 2
MIN_RELATIVE_STRENGTH = 0.5
"""Strength relative to the strongest passage from which another one is quoted too."""
FIRST_LENGTH, OTHER_LENGTH = 500, 260
"""Characters quoted from the strongest passage, and from each other."""
MAX_STATEMENTS = 6


@dataclass(frozen=True)
class Quote:
    """Consecutive statements of one passage."""

    evidence: Evidence
    statements: tuple[Statement, ...]

    def pieces(self, n: int) -> Iterator[str]:
        """Yield the quote as Markdown, each statement with its reference."""
        previous: Statement | None = None
        for statement in self.statements:
            yield _separator(previous, statement) + _render(statement, n)
            previous = statement


def select_quotes(scored: Sequence[Evidence]) -> list[Quote]:
    """Select the quotes, strongest first, each passage once; none if no passage answers."""
    strong = [evidence for evidence in scored if evidence.answers]
    quotes: list[Quote] = []
    quoted: set[str] = set()
    of_page: Counter[str] = Counter()
    threshold = max(REFUSAL_THRESHOLD, MIN_RELATIVE_STRENGTH * strong[0].strength) if strong else REFUSAL_THRESHOLD
    for evidence in strong:
        if len(quotes) == MAX_PASSAGES or evidence.strength < threshold:
            break
        if of_page[evidence.passage.url] == MAX_PER_PAGE:
            continue
        statements = tuple(_choose(evidence, OTHER_LENGTH if quotes else FIRST_LENGTH))
        said = "\n".join(statement.text for quote in quotes for statement in quote.statements)
        if all(repeats_hours(statement.text, said) for statement in statements):
            continue
        if not all(_is_quoted(statement.text, quoted) for statement in statements):
            quotes.append(Quote(evidence, statements))
            of_page[evidence.passage.url] += 1
            quoted.update(statement.text for statement in statements)
    return quotes


def select_near_quote(scored: Sequence[Evidence]) -> Quote | None:
    """Select the quote for a question that nothing answers: of the strongest passage that comes near."""
    for evidence in scored:
        if evidence.is_near and (statements := tuple(_choose(evidence, OTHER_LENGTH))):
            return Quote(evidence, statements)
    return None


def _is_quoted(text: str, quoted: Collection[str]) -> bool:
    """Whether the statement was quoted, as such or with a label before it, as facts have one."""
    rest = text
    for each in quoted:
        rest = rest.replace(each, "")
    return any(text in each for each in quoted) or (rest != text and bool(_LABEL.fullmatch(rest)))


_LABEL = re.compile(r"[^–]{0,60}–\s*|\s*")


def _choose(evidence: Evidence, length: int) -> Iterator[Statement]:
    """Yield the best statement, its introduction, and the statements after it within `length`."""
    statements = read_statements(evidence.passage.text)
    if evidence.best is None or not statements:
        return
    first = last = evidence.best
    if first and _needs_previous(statements[first - 1], statements[first]):
        first -= 1
    room = length - sum(len(statement.text) for statement in statements[first : last + 1])
    while last + 1 < len(statements) and last - first + 1 < MAX_STATEMENTS:
        after = statements[last + 1]
        room -= len(after.text)
        if room < 0 or not _continues(statements[last], after):
            break
        if repeats_hours(after.text, "\n".join(statement.text for statement in statements[first : last + 1])):
            break
        last += 1
    yield from statements[first : last + 1]


def _needs_previous(before: Statement, statement: Statement) -> bool:
    if before.heading != statement.heading:
        return False
    return before.introduces_next or statement.kind is StatementKind.code or bool(_REFERS_BACK.match(statement.text))


_REFERS_BACK = re.compile(r"(?:this|that|these|those|it|they|however|but|so|also|then|otherwise)\b", re.IGNORECASE)


def _continues(statement: Statement, after: Statement) -> bool:
    """Whether the quote continues: in the same paragraph or list, or after an introduction."""
    if statement.heading != after.heading:
        return False
    return statement.introduces_next or (statement.block == after.block and after.kind is not StatementKind.row)


def _separator(previous: Statement | None, statement: Statement) -> str:
    if previous is None:
        return ""
    if previous.block == statement.block and statement.kind is StatementKind.sentence:
        return " "
    is_same_list = previous.block == statement.block and statement.kind in (StatementKind.item, StatementKind.row)
    return "\n" if is_same_list else "\n\n"


def _render(statement: Statement, n: int) -> str:
    if statement.kind is StatementKind.code:
        return f"{fence_code(statement.text)}\n[{n}]"
    text = f"{escape_markdown(statement.text)} [{n}]"
    return f"- {text}" if statement.kind is not StatementKind.sentence else text
