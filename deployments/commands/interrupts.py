"""Handling of Ctrl-C, SIGTERM and a closed terminal: the first ends a command in order, the second at once."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any


class Interrupts:
    """Signal handler of a command: it cancels the command, or first calls a handler that the command has set."""

    def __init__(self) -> None:
        self._first: Callable[[], None] | None = None
        self._task: asyncio.Task[int] | None = None
        self.received: signal.Signals | None = None
        """The last signal received, if any."""

    def set_first_handler(self, first: Callable[[], None] | None) -> None:
        """Let the next signal call `first` instead of ending the command; None removes the handler."""
        self._first = first

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, the shell's convention."""
        return 128 + (self.received or signal.SIGINT)

    def run(self, work: Coroutine[Any, Any, int]) -> int:
        """Run the work; return its exit code, or `exit_code` if a signal ended it, after its resources are closed."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Coroutine[Any, Any, int]) -> int:
        loop, task = asyncio.get_running_loop(), asyncio.create_task(work)
        self._task = task
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._receive, number)
        try:
            return await task
        except asyncio.CancelledError:
            if self.received is None:
                raise
            return self.exit_code

    def _receive(self, number: signal.Signals) -> None:
        self.received = number
        first, self._first = self._first, None
        if first is not None:
            first()
        elif self._task is not None:
            # Once only: a second cancel would interrupt the closing of resources.
            task, self._task = self._task, None
            task.cancel()
