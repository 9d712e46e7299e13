"""Admission by levels: which candidates of the frontier may be requested next, best first.

The rules are those of `tasks.web.crawl.frontier`: a level is admitted when the links of all pages above it are known;
until then a part of the page budget goes to content that no open page precedes.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tasks.web.crawl.candidate_pool import CandidatePool
from tasks.web.crawl.candidates import Candidate
from tasks.web.crawl.family_tracker import LEFT_OUT, FamilyTracker
from tasks.web.crawl.open_pages import OpenPages
from tasks.web.crawl.traps import Family

EARLY_SHARE = 4
"""One in this many places of the page budget may be admitted before a level is complete."""
REPEATED_PAGES = "addresses of pages read already"


@dataclass
class Places:
    """The page budget: how many pages may be admitted, and how many are."""

    most: int
    taken: int = 0
    awaited: set[str] = field(default_factory=set)
    """Keys of the pages of the build before that have not been admitted yet; each has a place."""

    @property
    def are_taken(self) -> bool:
        """Whether no place is left."""
        return self.taken >= self.most

    @property
    def are_promised(self) -> bool:
        """Whether no place is left but for pages of the build before."""
        return self.taken + len(self.awaited) >= self.most


class Choice(NamedTuple):
    """A candidate to admit."""

    key: str
    """Its page key."""
    candidate: Candidate
    family: Family | None = None
    """The family whose budget it takes a place of."""


class LevelAdmission:
    """Chooses among the candidates of the present level, and goes on to the next."""

    def __init__(
        self,
        pool: CandidatePool,
        tracker: FamilyTracker,
        open_pages: OpenPages,
        places: Places,
        known: dict[str, Candidate | int],
        left_out: Counter[str],
    ) -> None:
        self._pool = pool
        self._tracker = tracker
        self._budgets = tracker.budgets
        self._open_pages = open_pages
        self._places = places
        self._known = known
        self._left_out = left_out
        self.held: dict[str, deque[tuple[str, Candidate]]] = {}
        """Candidates of the present level that exceed the budget of their family, by family."""
        self.put_off: deque[tuple[str, Candidate]] = deque()
        """New candidates for which no place is left while pages of the build before are awaited."""
        self._early_budget: dict[int, int] = {}
        """Places left for early candidates, by level."""

    def choose(self) -> Iterator[Choice]:
        """Yield the candidates that may be admitted now; each takes its place before the next one is chosen."""
        self._reopen_if_over()
        while self._pool.level <= self._pool.max_depth:
            # Results of families are awaited as well: the budgets of the next level depend on them.
            is_complete = not self._tracker.has_pending and self._open_pages.is_complete(self._pool.level)
            if self._pool.queue is None and not is_complete:
                yield from self._choose_early()
                return
            yield from self._choose_in_level()
            if self._is_level_unfinished():
                return
            self._close_level()
            self._reopen_if_over()

    def _is_level_unfinished(self) -> bool:
        """Whether more of the present level may be admitted later."""
        queue = self._pool.queue
        if queue is None or (queue and not self._budgets.is_exhausted):
            return True
        # A pending page may give its place back, or show that more of a family is worth reading.
        return bool(self._open_pages.pending and (self.held or queue))

    def _choose_early(self) -> Iterator[Choice]:
        """Choose content from pages that no open page precedes, in crawl order, within the level's early budget."""
        level = self._pool.level
        if not self._open_pages.is_complete(level - 1):
            return
        first_blocking = self._open_pages.first_blocking(level - 1)
        sources = self._pool.keys_by_source[level]
        left = self._early_budget.setdefault(level, max(1, self._places.most // EARLY_SHARE))
        for source in sorted(source for source in sources if first_blocking is None or source < first_blocking):
            while keys := sources[source]:
                if left <= 0 or self._places.are_taken or self._budgets.is_exhausted:
                    # The key stays in front: a place that is given back goes to it.
                    return
                key = keys.popleft()
                candidate = self._pool.get(key, level)
                if (
                    candidate
                    and candidate.source == source
                    and candidate.may_be_early
                    and not self._gives_way(candidate)
                    and self._tracker.classify(candidate, source) is None
                ):
                    left -= 1
                    self._early_budget[level] = left
                    self._pool.remove(key, level)
                    yield Choice(key, candidate)
            del sources[source]

    def _choose_in_level(self) -> Iterator[Choice]:
        """Choose candidates of a complete level, best first, while there are places."""
        if (queue := self._pool.queue) is None:
            yield from self._choose_early()
            if self._places.are_taken and self._early_budget[self._pool.level] > 0:
                # Early candidates are next for any place given back, as they would have been on a faster site.
                return
            queue = self._pool.sort_level()
        yield from self._choose_held()
        while queue and not self._places.are_taken and not self._budgets.is_exhausted:
            key, candidate = queue.popleft()
            family = candidate.family
            if self._known.get(key) is not candidate:
                # The page was reached under another address meanwhile.
                continue
            if self._gives_way(candidate):
                self.put_off.append((key, candidate))
                continue
            if family is None or (not candidate.base and self._budgets.claim_skeleton(family)):
                yield Choice(key, candidate)
            elif not candidate.base and family.name not in self.held and self._budgets.admit(family):
                yield Choice(key, candidate, family)
            else:
                self.held.setdefault(family.name, deque()).append((key, candidate))
        yield from self._choose_held()

    def _choose_held(self) -> Iterator[Choice]:
        """Choose held candidates whose family's budget has grown.

        This goes in rounds: none begins before all results of the last one are known, so that the order in which
        they come does not matter.
        """
        if self._tracker.has_pending or not self._tracker.are_bases_read(self._open_pages.pending):
            return
        for name in sorted(self.held):
            while self.held[name] and not self._places.are_taken:
                key, candidate = self.held[name][0]
                family = candidate.family
                if self._known.get(key) is candidate and self._gives_way(candidate):
                    self.put_off.append((key, candidate))
                elif self._known.get(key) is candidate and family is not None:
                    if not self._budgets.admit(family):
                        break
                    yield Choice(key, candidate, family)
                self.held[name].popleft()
            if not self.held[name]:
                del self.held[name]

    def _gives_way(self, candidate: Candidate) -> bool:
        """Whether pages of the build before need all places that are left."""
        return candidate.gives_way and self._places.are_promised

    def _reopen_if_over(self) -> None:
        """Queue what was put off after the last level: awaited pages that have not been found by then do not exist."""
        if self._pool.level <= self._pool.max_depth or not self.put_off or self._open_pages.pending:
            return
        self._places.awaited.clear()
        self._pool.reopen(self.put_off)
        self.put_off = deque()

    def _close_level(self) -> None:
        """Leave out what is still held or queued, and go on to the next level."""
        for name, held in self.held.items():
            self._left_out[name] += len(held)
            for key, _ in held:
                self._known[key] = LEFT_OUT
        self.held.clear()
        for key, _ in self._pool.queue or ():
            self._known[key] = LEFT_OUT
            self._left_out[REPEATED_PAGES] += 1
        self._pool.close_level()
