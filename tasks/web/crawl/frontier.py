"""The frontier: which URLs of a site are read, in which order, and when all have been found.

URLs are let in level by level, a level being what is as many links away from the home page. When all pages
of the level above have been looked through, the URLs of a level are known, and so is the order in which
they are let in: the most useful first (`tasks.web.crawl.priority`), as many as there are places. So the same site
gives the same pages in the same order, however long each takes to come. Two things keep that from being a
wait:

- A quarter of the places may be given *early*: content that pages link to, page after page in order, as
  soon as no earlier page is out. While there are fewer URLs than that, nothing waits for a whole level.
- Whoever lets nobody get on is passed over (`lose_patience`): what a page that hangs links to comes later.

A URL is *open* from its admission until its links are told (`report`), unless it is a leaf, and *pending*
until it is known what became of it (`resolve`).
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.candidates import Candidate, merge_links
from tasks.web.crawl.family_tracker import LEFT_OUT, FamilyTracker
from tasks.web.crawl.scope import Scope
from tasks.web.crawl.traps import Family, family_of, grows_endlessly
from tasks.web.crawl.urls import page_key

HINTS = 2**31
"""The order of what is no page but tells of pages: sitemaps and the like. It comes after the home page."""
EARLY_SHARE = 4
"""One in so many places may be given before a level is known."""
DEEP_PATHS = "paths that grow ever deeper"
REPEATED_PAGES = "addresses of pages read already"


@dataclass
class Frontier:
    """URLs found so far; lets each in once, `max_pages` at most, and knows when no more can come."""

    scope: Scope
    max_depth: int
    max_pages: int
    admitted: int = 0
    """URLs let in and not given back."""
    left_out: Counter[str] = field(default_factory=Counter)
    """URLs that are not read because there may be no end of them, by family."""
    _known: "dict[str, Candidate | int]" = field(default_factory=dict)
    """By key: a candidate, the order of a URL let in, or that it is left out."""
    _waiting: defaultdict[int, dict[str, Candidate]] = field(default_factory=lambda: defaultdict(dict))
    """Candidates by depth and key."""
    _early: defaultdict[int, dict[int, deque[str]]] = field(default_factory=lambda: defaultdict(dict))
    """Keys of candidates by depth and source, while their level is not known."""
    _early_budget: dict[int, int] = field(default_factory=dict)
    _level_queue: deque[tuple[str, Candidate]] | None = None
    """The present level in order, once it is known."""
    _held: dict[str, deque[tuple[str, Candidate]]] = field(default_factory=dict)
    """Candidates of the present level whose family has had its share, by family."""
    _level: int = 1
    _next: int = 0
    _open: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Orders of open URLs by depth, those passed over left aside."""
    _unreported: set[int] = field(default_factory=set)
    _pending: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._tracker = FamilyTracker(self._known)
        self._budgets = self._tracker.budgets

    # What was found

    def expect_hints(self) -> None:
        """Say that hints are being looked for: the first level is known when they are reported."""
        self._unreported.add(HINTS)
        self._open[0].add(HINTS)

    def record_links(self, order: int, depth: int, links: Iterable[Link]) -> list[Target]:
        """Take in the links of a URL that was open; those that are new and of the site, for the record."""
        new = []
        links = tuple(links)
        if depth < self.max_depth:
            for position, link in enumerate(links):
                if candidate := self._add_link(link, depth + 1, order, position):
                    new.append(Target(url=candidate.link.url, depth=depth + 1))
        self._tracker.record_links(order, depth, (self.scope.with_site_scheme(link.url) for link in links))
        self._unreported.discard(order)
        self._open[depth].discard(order)
        return new

    def _add_link(self, link: Link, depth: int, source: int, position: int) -> Candidate | None:
        url = self.scope.with_site_scheme(link.url)
        key = page_key(url)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._update_candidate(key, known, link, depth, source, position)
        if known is not None or not self.scope.allows(link):
            return None
        if grows_endlessly(url):
            self._known[key] = LEFT_OUT
            self.left_out[DEEP_PATHS] += 1
            return None
        if sum(map(len, self._waiting.values())) >= max(5_000, 4 * self.max_pages):
            return None
        if url != link.url:
            link = replace(link, url=url)
        candidate = Candidate(link, depth, source, position, source == 0, family=family_of(url))
        self._tracker.record_url(key, url, source)
        self._queue(key, candidate)
        return candidate

    def _queue(self, key: str, candidate: Candidate) -> None:
        self._known[key] = candidate
        if candidate.depth > self._level or (candidate.depth == self._level and self._level_queue is None):
            self._waiting[candidate.depth][key] = candidate
            self._early[candidate.depth].setdefault(candidate.source, deque()).append(key)
        elif self._level_queue is not None:
            # Of a level that was thought to be known: its source had been passed over.
            self._tracker.settle_family(candidate)
            self._level_queue.append((key, candidate))
        else:
            self._level = min(self._level, self.max_depth)
            self._waiting[self._level][key] = candidate

    def _update_candidate(self, key: str, known: Candidate, link: Link, depth: int, source: int, position: int) -> None:
        """Take in that a candidate was found once more; where it was found first decides how it is written."""
        if depth > known.depth:
            # What deeper pages link to must not decide: it depends on when they come.
            return
        known.in_links = known.in_links + 1 if depth == known.depth else 1
        known.on_home |= source == 0
        if (depth, source, position) < known.found_at:
            if self._waiting[known.depth].pop(key, None) is None:
                return
            known.link = merge_links(replace(link, url=self.scope.with_site_scheme(link.url)), known.link)
            known.depth, known.source, known.position = depth, source, position
            self._queue(key, known)
        else:
            known.link = merge_links(known.link, link)

    def register_known(self, targets: Iterable[Target]) -> None:
        """Take in that an earlier attempt had found these, before each is recalled."""
        for target in targets:
            self._tracker.record_url(page_key(target.url), target.url, 0)

    def restore(
        self,
        target: Target,
        *,
        has_place: bool,
        is_open: bool,
        page: Fingerprint | None = None,
        was_wasted: bool = False,
    ) -> None:
        """Take in a URL that an earlier attempt of the build had let in: `page` is what it had read there, and
        `was_wasted` that it had been read already."""
        key = page_key(target.url)
        self._known[key] = target.order
        self._next = max(self._next, target.order + 1)
        self.admitted += has_place
        self._tracker.restore(target)
        if not is_open:
            was_asked = has_place or was_wasted
            self._tracker.record_result(target.order, page, was_asked=was_asked, was_wasted=was_wasted)
        if is_open:
            self._pending.add(target.order)
            if not self.is_leaf(target):
                self._unreported.add(target.order)
                self._open[target.depth].add(target.order)

    def restore_found(self, targets: Iterable[Target]) -> None:
        """Take in URLs that an earlier attempt had found and not let in."""
        for position, target in enumerate(targets):
            self._add_link(Link(target.url), target.depth, -1, position)

    # What is let in

    def admit_next(self) -> list[Target]:
        """The URLs that are to be read from now on, in order."""
        taken: list[Target] = []
        while self._level <= self.max_depth:
            if self._level_queue is None and (self._tracker.has_pending or not self._is_level_known()):
                taken += self._admit_early()
                break
            taken += self._admit_level()
            has_more = self._held or self._level_queue
            if (
                (self._pending and has_more)
                or (self._level_queue and not self._budgets.is_exhausted)
                or self._level_queue is None
            ):
                # What is pending may give a place back, or show that more of a family is worth it.
                break
            self._close_level()
        return taken

    def _is_level_known(self) -> bool:
        """Whether all pages on which URLs of the level stand have been looked through."""
        return not any(self._open[depth] for depth in range(self._level))

    def _admit_early(self) -> Iterator[Target]:
        """Content of pages before which no other is out, in their order, up to the level's early share."""
        if any(self._open[depth] for depth in range(self._level - 1)):
            return
        first_out = min(self._open[self._level - 1], default=HINTS + 1)
        sources = self._early[self._level]
        left = self._early_budget.setdefault(self._level, max(1, self.max_pages // EARLY_SHARE))
        for source in sorted(source for source in sources if source < first_out):
            while keys := sources[source]:
                if left <= 0 or self.admitted >= self.max_pages or self._budgets.is_exhausted:
                    # If there is no place now, these are the next to get one.
                    return
                key = keys.popleft()
                candidate = self._waiting[self._level].get(key)
                if (
                    candidate
                    and candidate.source == source
                    and candidate.may_be_early
                    and self._tracker.classify(candidate, source) is None
                ):
                    left -= 1
                    self._early_budget[self._level] = left
                    del self._waiting[self._level][key]
                    yield self._admit(key, candidate)
            del sources[source]

    def _admit_level(self) -> Iterator[Target]:
        """The level in order, as long as there are places."""
        if self._level_queue is None:
            yield from self._admit_early()
            if self.admitted >= self.max_pages and self._early_budget[self._level] > 0:
                return
            waiting = self._waiting.pop(self._level, {})
            self._level_queue = deque(sorted(waiting.items(), key=lambda pair: pair[1].rank))
            for _, candidate in self._level_queue:
                self._tracker.settle_family(candidate)
            self._early.pop(self._level, None)
        yield from self._admit_held()
        while self._level_queue and self.admitted < self.max_pages and not self._budgets.is_exhausted:
            key, candidate = self._level_queue.popleft()
            family = candidate.family
            if self._known.get(key) is not candidate:
                # It was reached under another address meanwhile.
                continue
            if family is None or (not candidate.base and self._budgets.claim_skeleton(family)):
                yield self._admit(key, candidate)
            elif not candidate.base and family.name not in self._held and self._budgets.admit(family):
                yield self._admit(key, candidate, family)
            else:
                self._held.setdefault(family.name, deque()).append((key, candidate))
        yield from self._admit_held()

    def _admit_held(self) -> Iterator[Target]:
        """More of the families; in rounds: not before it is known how all that were let in of them have turned out."""
        if self._tracker.has_pending or not self._tracker.are_bases_read(self._pending):
            return
        for name in sorted(self._held):
            while self._held[name] and self.admitted < self.max_pages:
                key, candidate = self._held[name][0]
                family = candidate.family
                if self._known.get(key) is candidate and family is not None:
                    if not self._budgets.admit(family):
                        break
                    yield self._admit(key, candidate, family)
                self._held[name].popleft()
            if not self._held[name]:
                del self._held[name]

    def _admit(self, key: str, candidate: Candidate, family: Family | None = None) -> Target:
        target = Target(url=candidate.link.url, depth=candidate.depth, order=self._next)
        self._next += 1
        self._known[key] = target.order
        self.admitted += 1
        self._pending.add(target.order)
        if not self.is_leaf(target):
            self._unreported.add(target.order)
            self._open[target.depth].add(target.order)
        self._tracker.record_admission(target, family, candidate.base)
        return target

    def _close_level(self) -> None:
        """What a family has not had until now it will not have."""
        for name, held in self._held.items():
            self.left_out[name] += len(held)
            for key, _ in held:
                self._known[key] = LEFT_OUT
        self._held.clear()
        for key, _ in self._level_queue or ():
            self._known[key] = LEFT_OUT
            self.left_out[REPEATED_PAGES] += 1
        self._level_queue = None
        self._level += 1

    def skip_blocked(self) -> None:
        """Pass over the pages that all others wait for: what they link to comes later."""
        for depth in range(self._level):
            self._open[depth].clear()
        self._tracker.skip_pending()

    # What became of it

    def record_result(
        self,
        target: Target,
        *,
        page: Fingerprint | None = None,
        gives_place_back: bool = False,
        was_wasted: bool = False,
    ) -> None:
        """Take in what became of a URL: `page` if it was worth reading; its place is free if it is no page.

        `was_wasted`: the site was asked for it, and what it answered had been read.
        """
        self._pending.discard(target.order)
        self.admitted -= gives_place_back
        was_asked = was_wasted or not gives_place_back
        self._tracker.record_result(target.order, page, was_asked=was_asked, was_wasted=was_wasted)

    def record_alias(self, url: str, target: Target) -> None:
        """Take in that a page has turned out to be at another address, which need not be asked for any more."""
        key = page_key(url)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._waiting[known.depth].pop(key, None)
        if not isinstance(known, int):
            self._known[key] = target.order

    def count_admitted(self, family: str) -> int:
        """How many URLs of a family were let in."""
        return self._budgets.admitted(family)

    @property
    def is_waiting(self) -> bool:
        """Whether there are URLs that have been found and not let in."""
        return bool(self._level_queue or self._held or any(self._waiting.values()))

    @property
    def is_done(self) -> bool:
        """Whether no URL can be let in any more; to be asked when `take` has given none."""
        return not self._unreported and (not self._pending or not self.is_waiting)

    def is_leaf(self, target: Target) -> bool:
        """Whether the links of this page are not followed."""
        return target.depth >= self.max_depth
