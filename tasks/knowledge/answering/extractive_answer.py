"""An answer in the site's own words: the statements of the strongest passages that hold the evidence."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.knowledge.answering.evidence.evidence_score import REFUSAL_THRESHOLD, Evidence
from tasks.knowledge.answering.evidence.statements import Statement, StatementKind, read_statements
from tasks.knowledge.answering.safe_markdown import escape, fence

MAX_PASSAGES = 3
MAX_OF_PAGE = 2
AS_STRONG = 0.5
"""Another passage is quoted too when it is at least so strong, compared with the strongest."""
FIRST_LENGTH, OTHER_LENGTH = 500, 260
"""Characters quoted from the strongest passage, and from each other."""
MAX_STATEMENTS = 6


@dataclass(frozen=True)
class Quote:
    """Statements of one passage, in its order."""

    evidence: Evidence
    statements: tuple[Statement, ...]

    def pieces(self, n: int) -> Iterator[str]:
        """The quote as Markdown, each paragraph, item and row with its reference."""
        previous: Statement | None = None
        for statement in self.statements:
            yield _joint(previous, statement) + _render(statement, n)
            previous = statement


def quote(weighed: Sequence[Evidence]) -> list[Quote]:
    """What to quote, strongest first, a passage once; nothing when no passage answers."""
    strong = [evidence for evidence in weighed if evidence.answers]
    quotes: list[Quote] = []
    said: set[str] = set()
    of_page: Counter[str] = Counter()
    for evidence in strong:
        if len(quotes) == MAX_PASSAGES or evidence.strength < max(REFUSAL_THRESHOLD, AS_STRONG * strong[0].strength):
            break
        if of_page[evidence.passage.url] == MAX_OF_PAGE:
            continue
        statements = tuple(_choose(evidence, OTHER_LENGTH if quotes else FIRST_LENGTH))
        if statements and not said.issuperset(statement.text for statement in statements):
            quotes.append(Quote(evidence, statements))
            of_page[evidence.passage.url] += 1
            said.update(statement.text for statement in statements)
    return quotes


def _choose(evidence: Evidence, length: int) -> Iterator[Statement]:
    """The best statement, what announces it, and what follows it, as far as there is room."""
    statements = read_statements(evidence.passage.text)
    if evidence.best is None or not statements:
        return
    first = last = evidence.best
    if first and _needs_what_is_before(statements[first - 1], statements[first]):
        first -= 1
    room = length - sum(len(statement.text) for statement in statements[first : last + 1])
    while last + 1 < len(statements) and last - first + 1 < MAX_STATEMENTS:
        after = statements[last + 1]
        room -= len(after.text)
        if room < 0 or not _belongs(statements[last], after):
            break
        last += 1
    yield from statements[first : last + 1]


def _needs_what_is_before(before: Statement, statement: Statement) -> bool:
    if before.heading != statement.heading:
        return False
    return before.introduces_next or statement.kind is StatementKind.code or bool(_REFERS_BACK.match(statement.text))


_REFERS_BACK = re.compile(r"(?:this|that|these|those|it|they|however|but|so|also|then|otherwise)\b", re.IGNORECASE)


def _belongs(statement: Statement, after: Statement) -> bool:
    """Whether a quote should go on: in the same paragraph or list, or to what was announced."""
    if statement.heading != after.heading:
        return False
    return statement.introduces_next or (statement.block == after.block and after.kind is not StatementKind.row)


def _joint(previous: Statement | None, statement: Statement) -> str:
    if previous is None:
        return ""
    if previous.block == statement.block and statement.kind is StatementKind.sentence:
        return " "
    is_same_list = previous.block == statement.block and statement.kind in (StatementKind.item, StatementKind.row)
    return "\n" if is_same_list else "\n\n"


def _render(statement: Statement, n: int) -> str:
    if statement.kind is StatementKind.code:
        return f"{fence(statement.text)}\n[{n}]"
    text = f"{escape(statement.text)} [{n}]"
    return f"- {text}" if statement.kind is not StatementKind.sentence else text
