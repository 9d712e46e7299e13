"""Ctrl-C, SIGTERM and a closed terminal as the commands understand them: an end in order, at once when asked twice."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any


class Interrupts:
    """What a signal does now: it ends the command, unless somebody wants to be asked first."""

    def __init__(self) -> None:
        self._first: Callable[[], None] | None = None
        self._task: asyncio.Task[int] | None = None
        self.received: signal.Signals | None = None
        """The signal that ended the command, if one did."""

    def ask_first(self, first: Callable[[], None] | None) -> None:
        """Let the next signal call `first` instead of ending the command; None: end it."""
        self._first = first

    @property
    def exit_code(self) -> int:
        """The shell's convention: 128 and the signal's number."""
        return 128 + (self.received or signal.SIGINT)

    def run(self, work: Coroutine[Any, Any, int]) -> int:
        """The exit code of the work, or, what it opened being closed, `exit_code` when a signal ended it."""
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
            # Once only: a second cancel would break off the closing of what is open.
            task, self._task = self._task, None
            task.cancel()
