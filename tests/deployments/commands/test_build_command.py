"""The command `build`: a build and the stack it runs on."""

import asyncio
from typing import Any, cast

import pytest

from deployments.commands.build_command import run_while_up
from tasks.core.errors import DependencyUnavailable


class MortalStack:
    """A stack with a service that crashes."""

    async def wait(self) -> None:
        """Raise the error of a crashed service."""
        await asyncio.sleep(0.01)
        raise DependencyUnavailable("worker", "exited with 1", "its last lines: …")


async def test_a_build_ends_when_a_service_of_its_stack_dies() -> None:
    """The stack's error is raised at once."""
    build = asyncio.sleep(60, result="never")
    with pytest.raises(DependencyUnavailable, match="exited with 1"):
        await run_while_up(cast(Any, MortalStack()), build)


async def test_a_build_that_is_over_does_not_wait_for_its_stack() -> None:
    """The build's result is returned."""
    assert await run_while_up(cast(Any, MortalStack()), asyncio.sleep(0, result="done")) == "done"
    assert await run_while_up(None, asyncio.sleep(0, result="done")) == "done"
