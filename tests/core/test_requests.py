"""Validation of build requests."""

import pytest

from tasks.core.errors import InvalidRequest
from tasks.core.requests import parse_build_request
from tasks.core.settings import Settings

SETTINGS = Settings(_env_file=None, max_depth=5, max_pages=100)


def test_numbers_may_come_as_json_or_as_query_strings() -> None:
    """Both forms of the POST route give the same request."""
    as_json = parse_build_request(SETTINGS, "https://example.com", 3, 50)
    assert as_json == parse_build_request(SETTINGS, "https://example.com", "3", "50")


def test_missing_numbers_have_defaults() -> None:
    """Depth 2, and as many pages as the settings allow."""
    request = parse_build_request(SETTINGS, "https://example.com")
    assert (request.depth, request.max_pages) == (2, 100)


@pytest.mark.parametrize("depth", [-1, 6, "two", 1.5, True, [1], "9" * 50, "²"])
def test_a_depth_outside_its_bounds_is_refused_with_the_bounds(depth: object) -> None:
    """Negative, too large, not a whole number."""
    with pytest.raises(InvalidRequest, match="from 0 to 5") as refused:
        parse_build_request(SETTINGS, "https://example.com", depth)
    assert refused.value.field == "depth"


@pytest.mark.parametrize("most", [0, 101, "many"])
def test_a_page_limit_outside_its_bounds_is_refused(most: object) -> None:
    """At least one page, at most what the settings allow."""
    with pytest.raises(InvalidRequest, match="from 1 to 100") as refused:
        parse_build_request(SETTINGS, "https://example.com", 1, most)
    assert refused.value.field == "max_pages"
