"""What the fuzz has found (`tests/fuzz`): each a document that once broke its parser."""

import pytest

from tasks.web.content.page_metadata import parse_date


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_is_none_is_no_date(day: str) -> None:
    """It was tried again and again, and the page was lost."""
    assert parse_date(day) == ""
    assert parse_date(f"{day}T10:00:00Z") == ""
