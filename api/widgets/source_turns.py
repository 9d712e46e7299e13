"""Turns at adding sources: one owner's files can neither fill the memory of the process nor keep its reader busy."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import TryLater

MOST = 8
"""Sources that one process adds at once: each holds its file in memory until the child process has read it."""
MOST_OF_CLIENT = 2
"""Those of one client."""
_BUSY = "{whose} files are being added already. Send this one again when one of them is done."


class SourceTurns:
    """The turns that are taken in this process, by client."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, client: str) -> Iterator[None]:
        """Hold a turn.

        Raises:
            TryLater: the client has its share (429), or the process has no turn left (503).
        """
        if self._taken[client] >= MOST_OF_CLIENT:
            raise TryLater("sources_busy", _BUSY.format(whose="Two of your"), retry_after=5)
        if self._taken.total() >= MOST:
            raise TryLater("sources_busy", _BUSY.format(whose="Many"), retry_after=15, status=503)
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            # Else every client that was ever here would stay.
            self._taken += Counter()
