"""Missing pages: URL patterns of which no page exists are given up early.

A site that links to two hundred addresses that are gone must not spend its requests on them. Of a pattern without
results only a few URLs are requested at a time; each page that exists allows more. A pattern whose first URLs are all
missing is given up. For routes, which cost a load in the browser each, the pattern is their document and the number
of links from the home page: links inside of texts to files that are no pages are spelled in many ways.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from urllib.parse import urldefrag

from tasks.core.models import Target
from tasks.web.crawl.url_patterns import is_route, pattern_of

FIRST = 12
"""Missing and pending URLs that a pattern without results may have …"""
FIRST_ROUTES = 3
"""… and the same for routes …"""
MORE = 4
"""… and how many more for each page that exists."""


@dataclass
class _Pattern:
    first: int
    more: int
    pending: int = 0
    existing: int = 0
    missing: int = 0
    waiting: deque[Target] = field(default_factory=deque)
    document: "_Pattern | None" = None
    """Of routes, the pattern of their document: where that is missing, all routes are."""

    @property
    def has_room(self) -> bool:
        """Whether one more URL may be requested now."""
        if self.document and not self.document.has_room:
            return False
        return self.pending + self.missing < self.first + self.more * self.existing

    def count(self, *, pending: int = 0, existing: int = 0, missing: int = 0) -> None:
        """Count a URL, of the document too."""
        self.pending += pending
        self.existing += existing
        self.missing += missing
        if self.document:
            self.document.count(pending=pending, existing=existing, missing=missing)


class MissingPages:
    """The results of a site's URL patterns, and the admitted URLs that wait for them."""

    def __init__(self) -> None:
        self._patterns: dict[str, _Pattern] = {}
        self._documents: dict[str, _Pattern] = {}
        self._pending: dict[int, str] = {}
        """Name of the pattern by crawl order, of URLs that are requested …"""
        self._existing: dict[int, str] = {}
        """… and of those that exist."""

    @property
    def is_waiting(self) -> bool:
        """Whether an admitted URL waits for results of its pattern."""
        return any(pattern.waiting for pattern in self._patterns.values())

    def request(self, target: Target) -> bool:
        """Return whether an admitted URL may be requested now; otherwise it waits."""
        name, pattern = self._pattern(target)
        if pattern.waiting or not pattern.has_room:
            pattern.waiting.append(target)
            return False
        self._start(target, name, pattern)
        return True

    def _pattern(self, target: Target) -> tuple[str, _Pattern]:
        path = pattern_of(urldefrag(target.url)[0])
        if not is_route(target.url):
            return path, self._patterns.setdefault(path, _Pattern(FIRST, MORE))
        document = self._documents.setdefault(path, _Pattern(FIRST_ROUTES, MORE))
        name = f"routes of {path}, {target.depth} links away"
        return name, self._patterns.setdefault(name, _Pattern(FIRST_ROUTES, 1, document=document))

    def _start(self, target: Target, name: str, pattern: _Pattern) -> None:
        pattern.count(pending=1)
        self._pending[target.order] = name

    def record_result(self, order: int, *, exists: bool, is_missing: bool) -> None:
        """Record the result of a URL; one that neither exists nor is missing is a duplicate, forbidden …"""
        if name := self._pending.pop(order, None):
            pattern = self._patterns[name]
            pattern.count(pending=-1)
        elif name := self._existing.pop(order, None):
            # Kept first, and dropped later for what other pages showed.
            pattern = self._patterns[name]
            pattern.count(existing=-1)
        else:
            return
        pattern.count(existing=int(exists), missing=int(is_missing))
        if exists:
            self._existing[order] = name

    def release(self) -> list[Target]:
        """Return the URLs that may be requested now, in crawl order."""
        released = []
        for name, pattern in self._patterns.items():
            while pattern.waiting and pattern.has_room:
                target = pattern.waiting.popleft()
                self._start(target, name, pattern)
                released.append(target)
        return sorted(released, key=lambda target: target.order)

    def give_up(self) -> dict[str, list[Target]]:
        """Return the URLs of patterns that are given up, by pattern; they wait no longer."""
        given_up: defaultdict[str, list[Target]] = defaultdict(list)
        for name, pattern in self._patterns.items():
            pending = pattern.document.pending if pattern.document else pattern.pending
            if pattern.waiting and not pending and not pattern.has_room:
                given_up[name] += pattern.waiting
                pattern.waiting.clear()
        return given_up
