"""Turns at costly work: one client can neither fill the memory of the process nor keep it busy."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.core.errors import TryLater

MOST = 8
"""Turns of one kind that a process gives at once: each may hold a document of the largest size in memory."""
MOST_OF_CLIENT = 2
"""Those of one client."""


class Turns:
    """The turns at one kind of work that are taken in this process, by client."""

    def __init__(self, code: str, busy: str) -> None:
        """`code` and `busy`: the refusal's code, and its text after the number."""
        self._code = code
        self._busy = busy
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, client: str) -> Iterator[None]:
        """Hold a turn.

        Raises:
            TryLater: the client has its share (429), or the process has no turn left (503).
        """
        if self._taken[client] >= MOST_OF_CLIENT:
            raise TryLater(self._code, f"Two of your {self._busy}", retry_after=5)
        if self._taken.total() >= MOST:
            raise TryLater(self._code, f"Many {self._busy}", retry_after=15, status=503)
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            # Else every client that was ever here would stay.
            self._taken += Counter()


def source_turns() -> Turns:
    """Return the turns at adding sources and logos, which one child process reads."""
    return Turns("sources_busy", "files are being added already. Send this one again when one of them is done.")


def page_turns() -> Turns:
    """Return the turns at fetching a page of a customer's website."""
    return Turns("checks_busy", "pages are being checked already. Ask again when one of them is done.")
