"""The command `build`: a build and the stack it runs on."""

import asyncio
from typing import Any, cast

import pytest

from deployments.commands.build_command import _while_up
from tasks.core.errors import DependencyUnavailable


class MortalStack:
    """A stack whose service dies."""

    async def wait(self) -> None:
        """Return never: a service dies first."""
        await asyncio.sleep(0.01)
        raise DependencyUnavailable("worker", "exited with 1", "its last lines: …")


async def test_a_build_ends_when_a_service_of_its_stack_dies() -> None:
    """The stack's error is the build's, at once."""
    build = asyncio.sleep(60, result="never")
    with pytest.raises(DependencyUnavailable, match="exited with 1"):
        await _while_up(cast(Any, MortalStack()), build)


async def test_a_build_that_is_over_does_not_wait_for_its_stack() -> None:
    """The result is the build's."""
    assert await _while_up(cast(Any, MortalStack()), asyncio.sleep(0, result="done")) == "done"
    assert await _while_up(None, asyncio.sleep(0, result="done")) == "done"
