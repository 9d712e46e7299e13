"""Statements: a passage split into sentences, items, rows and code."""

import re

from hypothesis import given

from tasks.knowledge.answering.evidence.statements import StatementKind, read_statements
from tasks.knowledge.language.words import stems
from tests.knowledge.material import ANY_TEXT


def test_a_passage_is_read_as_statements() -> None:
    """Sentences, items, rows with their columns' names, code; headings become fields, markup is dropped."""
    statements = read_statements(
        "# Prices\n\nIt costs **€12**, e.g. after frost. See [the list](https://x.y/z).\n\n"
        "| Plan | Price |\n|---|---|\n| Small | free |\n\n1. Hold.\n2. Wait.\n\n```\nx = 1\n```\n<b>Bold</b> words"
    )
    assert [(statement.kind, statement.text) for statement in statements] == [
        (StatementKind.sentence, "It costs €12, e.g. after frost."),
        (StatementKind.sentence, "See the list."),
        (StatementKind.row, "Plan: Small · Price: free"),
        (StatementKind.item, "Hold."),
        (StatementKind.item, "Wait."),
        (StatementKind.code, "x = 1"),
        (StatementKind.sentence, "Bold words"),
    ]
    assert {statement.heading for statement in statements} == {"Prices"}


@given(markdown=ANY_TEXT)
def test_any_text_is_read_as_statements(markdown: str) -> None:
    """Each has words, and only words of the text, with or without its markup."""
    words = {word for text in (markdown, re.sub(r"[*~`\\]", "", markdown)) for word in stems(text, "xx")}
    for statement in read_statements(markdown):
        assert statement.text.strip()
        if statement.kind is not StatementKind.row:
            assert set(stems(statement.text, "xx")) <= words | {""} or "&" in markdown
