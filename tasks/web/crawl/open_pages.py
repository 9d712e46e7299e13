"""Open pages: those whose links, or whose result, the frontier still waits for."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class OpenPages:
    """Admitted pages by their crawl order, until their links and their result have been recorded."""

    pending: set[int] = field(default_factory=set)
    """Pages without a result."""
    unreported: set[int] = field(default_factory=set)
    """Pages whose links have not been recorded, skipped ones included."""
    _blocking: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The same by depth, without skipped ones: the levels below wait for these."""

    def expect_links(self, order: int, depth: int) -> None:
        """Hold the levels below a page until its links are recorded."""
        self.unreported.add(order)
        self._blocking[depth].add(order)

    def record_links(self, order: int, depth: int) -> None:
        """Record that the links of a page are known."""
        self.unreported.discard(order)
        self._blocking[depth].discard(order)

    def is_complete(self, level: int) -> bool:
        """Whether all pages above the level have reported their links, so that its candidates are known."""
        return not any(self._blocking[depth] for depth in range(level))

    def first_blocking(self, depth: int) -> int | None:
        """Return the lowest crawl order of the pages at a depth whose links are awaited."""
        return min(self._blocking[depth], default=None)

    def skip_blocking(self, level: int) -> None:
        """Stop waiting for the pages above a level."""
        for depth in range(level):
            self._blocking[depth].clear()
