"""The frontier: which URLs of a site are read, in which order, and when all have been found."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tasks.core.models import Target


@dataclass
class Frontier:
    """URLs found so far; admits each once, `max_pages` at most, and knows when no more can come.

    A URL is *open* from its admission until `settle`: as long as one is open, more may be found.
    """

    max_depth: int
    max_pages: int
    belongs: Callable[[str], bool]
    """Whether a URL is part of the site."""
    admitted: int = 0
    """URLs let in and not given back."""
    _known: set[str] = field(default_factory=set)
    _overflow: deque[Target] = field(default_factory=deque)
    _open: int = 0

    def admit(self, urls: Iterable[str], depth: int) -> list[Target]:
        """Those of the URLs that are new and are to be read, in order; they are open from now on."""
        for url in urls:
            if depth <= self.max_depth and url not in self._known and self.belongs(url):
                self._known.add(url)
                self._overflow.append(Target(url=url, depth=depth))
        admitted = []
        while self._overflow and self.admitted < self.max_pages:
            admitted.append(self._overflow.popleft())
            self.admitted += 1
        self._open += len(admitted)
        return admitted

    def recall(self, target: Target, *, has_place: bool, is_open: bool) -> None:
        """Take in a URL that an earlier attempt of the build knew."""
        self._known.add(target.url)
        self.admitted += has_place
        self._open += is_open

    def give_back(self) -> None:
        """Give up the place of a URL that turned out not to be a page; the next `admit` fills it."""
        self.admitted -= 1

    def settle(self) -> None:
        """Say of an open URL that nothing more will be found through it."""
        self._open -= 1

    @property
    def is_done(self) -> bool:
        """Whether all URLs have been found."""
        return self._open == 0

    def is_leaf(self, target: Target) -> bool:
        """Whether the links of this page are not followed."""
        return target.depth >= self.max_depth
