"""The search of a source for marks finds the same as a search of the whole text."""

import pytest

from tasks.web.content import hidden_emails, normalisation, split_letters, table_cells
from tasks.web.content.source_marks import SourceMarks

SOURCES = (
    "<p>Nothing of note</p>",
    "<INPUT Type=text READONLY value=1>",
    "<input type='text'\nreadonly>",
    '<input type="text"readonly>',
    "<i class='icon-x'></i><li>max </li>",
    '<i class="icon times"></i>',
    "<span>a</span><span>b</span>",
    "<p>A</p><span>b</span>",
    '<a href="mailto:info@example.org">Write</a> <b>info</b>@example.org',
    '<div role="img" id="tocs">&#109;ail</div>',
    "<div\trole=img data-count=5 style='white-space: pre'>",
    "<div style='white-space:\npre'>",
)
MARKS = (
    *(marks for marks, _ in (*normalisation._PASSES, *normalisation._FIRST)),
    split_letters.LETTER_MARKS,
    hidden_emails.MARKS,
    table_cells.LIST_MARKS,
)


@pytest.mark.parametrize("source", SOURCES)
def test_a_mark_is_found_exactly_if_the_source_has_it_in_any_case(source: str) -> None:
    """Every mark of every pass alone, across delimiters and white space too."""
    lowered = source.lower().encode()
    marks = {mark for group in MARKS for mark in group}
    found = {mark for mark in marks if SourceMarks(source).has_any((mark,))}
    assert found == {mark for mark in marks if mark in lowered}


@pytest.mark.parametrize("source", SOURCES)
def test_a_pass_is_called_for_exactly_if_the_source_has_one_of_its_marks(source: str) -> None:
    """Marks of a pass together, whatever their order."""
    lowered = source.lower().encode()
    assert [SourceMarks(source).has_any(group) for group in MARKS] == [
        any(mark in lowered for mark in group) for group in MARKS
    ]
