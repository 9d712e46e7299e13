"""The end of a build that nobody expected: named by the error itself, whatever task groups it has passed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn, cast
from uuid import uuid4

import psycopg
import pytest
from prefect.client.schemas.objects import State

from flows import build
from tasks.core.errors import EmbeddingRefused

LOST = psycopg.OperationalError("terminating connection")


def grouped(*errors: Exception) -> ExceptionGroup[Exception]:
    """The errors as the task groups of a stage and of a build raise them."""
    return ExceptionGroup("unhandled errors in a TaskGroup", [ExceptionGroup("of a stage", errors)])


async def end_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> State[Any] | None:
    """End a build with the error; its failure is what `emit_failure` is told."""

    @asynccontextmanager
    async def open_workspace(*_: Any) -> AsyncIterator[NoReturn]:
        raise error
        yield

    async def do_nothing(*_: Any) -> None:
        return None

    for name in ("emit_failure", "publish_summary"):
        monkeypatch.setattr(build, name, do_nothing)
    monkeypatch.setattr(build, "open_workspace", open_workspace)
    nothing = cast(Any, None)
    return await build.build_job(nothing, nothing, nothing, nothing, uuid4())


@pytest.mark.parametrize(
    "error", [KeyError("the cause"), grouped(KeyError("the cause")), grouped(KeyError("the cause"), OSError("another"))]
)
async def test_an_unexpected_error_is_raised_as_itself(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Its text becomes the run's state and the build's cause: "unhandled errors in a TaskGroup" would say nothing."""
    with pytest.raises(KeyError, match="the cause"):
        await end_with(monkeypatch, error)


async def test_a_known_cause_counts_beside_unexpected_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are its consequences, or a defect that the log has."""
    with pytest.raises(EmbeddingRefused, match="no credit"):
        await end_with(monkeypatch, grouped(KeyError("another"), EmbeddingRefused("no credit")))


async def test_a_build_that_lost_its_database_goes_on_later_whatever_else_it_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its run is one that crashed, which the next attempt takes up."""
    state = await end_with(monkeypatch, grouped(LOST, RuntimeError("of a broken connection")))
    assert state is not None
    assert state.is_crashed()
