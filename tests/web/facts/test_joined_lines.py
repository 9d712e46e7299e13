"""Lines that are searched together give the numbers that a search of each would give."""

import re

from tasks.web.facts import priced_lines
from tasks.web.facts.joined_lines import JoinedLines, marks_of

LINES = JoinedLines(["Open daily", "", "free shipping over 50 €", "open: free"])


def test_a_pattern_finds_each_line_once() -> None:
    assert LINES.matching(re.compile("[Oo]pen|free")) == [0, 2, 3]


def test_several_patterns_find_lines_in_order() -> None:
    assert LINES.matching(re.compile("€"), re.compile("daily")) == [0, 2]


def test_marks_find_each_line_once() -> None:
    assert LINES.containing("free", "open") == [2, 3]


def test_marks_of_a_pattern_are_its_alternatives_without_options() -> None:
    assert marks_of(re.compile(r"\bpayments?\b|money.back|since\s\d|rechnung(?:skauf)?|% ")) == (
        *("payment", "money", "since", "rechnung", "% "),
    )


def test_no_mark_of_terms_is_empty() -> None:
    """An empty mark would be found everywhere."""
    assert all(len(mark) > 1 for mark in priced_lines._TERM_MARKS)
