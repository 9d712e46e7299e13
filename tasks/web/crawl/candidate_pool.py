"""Candidate pool: URLs found and not yet admitted, by level, and the sorted queue of the present level."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from tasks.core.models import Link
from tasks.web.crawl.candidates import Candidate, merge_links
from tasks.web.crawl.family_tracker import FamilyTracker


@dataclass
class CandidatePool:
    """Candidates by page key: unsorted until their level is complete, then queued best first."""

    max_depth: int
    tracker: FamilyTracker
    level: int = 1
    """The present level."""
    queue: deque[tuple[str, Candidate]] | None = None
    """Candidates of the present level, best first; absent until the level is complete."""
    keys_by_source: defaultdict[int, dict[int, deque[str]]] = field(default_factory=lambda: defaultdict(dict))
    """Keys by level and source page, in the order of its links: those that may be admitted early."""
    _unsorted: defaultdict[int, dict[str, Candidate]] = field(default_factory=lambda: defaultdict(dict))
    """Candidates by level and key, while more links to them may come."""

    @property
    def unsorted_count(self) -> int:
        """Candidates of levels that are not complete."""
        return sum(map(len, self._unsorted.values()))

    def add(self, key: str, candidate: Candidate) -> None:
        """Add a candidate to its level, or to the present one if its own is over."""
        if candidate.depth > self.level or (candidate.depth == self.level and self.queue is None):
            self._unsorted[candidate.depth][key] = candidate
            self.keys_by_source[candidate.depth].setdefault(candidate.source, deque()).append(key)
        elif self.queue is not None:
            # The level was declared complete without its source, a skipped page, so it goes to the end.
            self.tracker.settle_family(candidate)
            self.queue.append((key, candidate))
        else:
            self.level = min(self.level, self.max_depth)
            self._unsorted[self.level][key] = candidate

    def update(self, key: str, known: Candidate, link: Link, depth: int, source: int, position: int) -> None:
        """Add what another link says of a candidate; the first link in crawl order decides how the URL is written."""
        if depth > known.depth:
            # Links on deeper pages must not count: how many there are by now depends on loading times.
            return
        known.in_links = known.in_links + 1 if depth == known.depth else 1
        known.on_home |= source == 0
        if (depth, source, position) >= known.found_at:
            known.link = merge_links(known.link, link)
        elif self.remove(key, known.depth):
            known.link = merge_links(link, known.link)
            known.depth, known.source, known.position = depth, source, position
            self.add(key, known)

    def get(self, key: str, level: int) -> Candidate | None:
        """Return an unsorted candidate of a level, if it is there."""
        return self._unsorted[level].get(key)

    def remove(self, key: str, level: int) -> bool:
        """Remove an unsorted candidate from a level; return whether it was there."""
        return self._unsorted[level].pop(key, None) is not None

    def sort_level(self) -> deque[tuple[str, Candidate]]:
        """Sort the present level, which is complete, into the queue; return the queue."""
        self.queue = deque(sorted(self._unsorted.pop(self.level, {}).items(), key=lambda pair: pair[1].rank))
        for _, candidate in self.queue:
            self.tracker.settle_family(candidate)
        self.keys_by_source.pop(self.level, None)
        return self.queue

    def reopen(self, candidates: deque[tuple[str, Candidate]]) -> None:
        """Go back to the last level, with these candidates as its queue."""
        self.level = self.max_depth
        self.queue = candidates

    def close_level(self) -> None:
        """Drop the queue and go on to the next level."""
        self.queue = None
        self.level += 1
