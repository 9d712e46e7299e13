"""Errors travel between processes."""

import pickle

import pytest

from tasks.core.errors import (
    DependencyUnavailable,
    FetchTimeout,
    HttpStatus,
    InvalidRequest,
    PageError,
    PageSkipped,
    WidgetBuilderError,
)


@pytest.mark.parametrize(
    "error",
    [
        PageError("broken", retriable=True),
        PageSkipped("empty", "the page is empty"),
        FetchTimeout(5),
        HttpStatus(503),
        InvalidRequest("code", "message", field="url", status=413),
        DependencyUnavailable("Prefect", "is away", "start it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_from_a_child_as_it_was_raised(error: WidgetBuilderError) -> None:
    """An empty page must not look like a crash of the process that read it."""
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)
