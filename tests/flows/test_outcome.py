"""The end of a build that nobody expected."""

import pytest

from flows.outcome import single_errors


def test_an_unexpected_error_of_a_lane_is_raised_as_itself() -> None:
    """Its text becomes the run's state and the build's cause: "unhandled errors in a TaskGroup" would say nothing."""
    with pytest.raises(KeyError, match="the cause") as raised, single_errors():
        raise ExceptionGroup("unhandled errors", [ExceptionGroup("of a stage", [KeyError("the cause"), OSError()])])
    assert isinstance(raised.value.__cause__, ExceptionGroup)
