"""The crawl frontier: which URLs of a site are read, in which order, and when there are no more.

It is a priority frontier over breadth-first levels: a level holds the URLs that are equally many links away from
the home page. A level is complete when the links of all pages above it have been recorded. Then its candidates
are sorted (`tasks.web.crawl.priority`) and admitted best first, as long as the page budget (`max_pages`) lasts.
So the same site gives the same pages in the same order, however long each takes to load. Two rules keep fast
pages from waiting for slow ones:

- Up to a quarter of the page budget (`EARLY_SHARE`) is admitted *early*, before the level is complete: content
  linked from pages that no open page precedes, in crawl order. A small site never waits for a whole level.
- A page that blocks its level is skipped after a timeout (`skip_blocked`); its links are queued when they arrive.

URLs that may belong to a crawl trap are grouped into families, and each family has a budget of its own
(`tasks.web.crawl.family_budgets`). What exceeds it is held until results show that more is worth reading.

URLs of a pattern without results are admitted and wait; a pattern of which no page exists is given up
(`tasks.web.crawl.missing_pages`). A page that fails gives its place back: `max_pages` counts pages, not requests.

A URL is *open* from its admission until its links are recorded, unless it is a leaf, and *pending* until its
result is recorded (`tasks.web.crawl.open_pages`).
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.candidate_pool import CandidatePool
from tasks.web.crawl.candidates import Candidate
from tasks.web.crawl.family_tracker import LEFT_OUT, FamilyTracker
from tasks.web.crawl.missing_pages import MissingPages
from tasks.web.crawl.open_pages import OpenPages
from tasks.web.crawl.scope import Scope
from tasks.web.crawl.traps import Family, family_of, grows_endlessly
from tasks.web.crawl.urls import page_key

HINTS = 2**31
"""Crawl order of the source "hints": sitemaps and the like, which are no page and come after the home page."""
EARLY_SHARE = 4
"""One in this many places of the page budget may be admitted before a level is complete."""
DEEP_PATHS = "paths that grow ever deeper"
MISSING = "addresses like {}: those requested do not exist"
REPEATED_PAGES = "addresses of pages read already"


@dataclass
class Frontier:
    """The URLs found on a site; admits each at most once, until `max_pages` of them are pages."""

    scope: Scope
    max_depth: int
    max_pages: int
    admitted: int = 0
    """Places taken of the page budget."""
    failed: int = 0
    """Pages that failed and gave their place back."""
    left_out: Counter[str] = field(default_factory=Counter)
    """URLs left out as a possible trap, by family."""
    _known: "dict[str, Candidate | int]" = field(default_factory=dict)
    """By page key: a candidate, the crawl order of an admitted URL, or `LEFT_OUT`."""
    _open_pages: OpenPages = field(default_factory=OpenPages)
    _early_budget: dict[int, int] = field(default_factory=dict)
    """Places left for early candidates, by level."""
    _held: dict[str, deque[tuple[str, Candidate]]] = field(default_factory=dict)
    """Candidates of the present level that exceed the budget of their family, by family."""
    _next_order: int = 0

    def __post_init__(self) -> None:
        self._tracker = FamilyTracker(self._known)
        self._budgets = self._tracker.budgets
        self._missing = MissingPages()
        self._pool = CandidatePool(self.max_depth, self._tracker)

    # Record what was found

    def expect_hints(self) -> None:
        """Hold the first level until the links of `HINTS` are recorded."""
        self._open_pages.expect_links(HINTS, 0)

    def record_links(self, order: int, depth: int, links: Iterable[Link]) -> list[Target]:
        """Record the links of an open page; return those that are new candidates."""
        new = []
        links = tuple(links)
        if depth < self.max_depth:
            for position, link in enumerate(links):
                if candidate := self._add_link(link, depth + 1, order, position):
                    new.append(Target(url=candidate.link.url, depth=depth + 1))
        self._tracker.record_links(order, depth, (self.scope.with_site_scheme(link.url) for link in links))
        self._open_pages.record_links(order, depth)
        return new

    def _add_link(self, link: Link, depth: int, source: int, position: int) -> Candidate | None:
        """Add a link as a candidate; return nothing if it is known, out of scope or left out."""
        url = self.scope.with_site_scheme(link.url)
        key = page_key(url)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._pool.update(key, known, replace(link, url=url), depth, source, position)
        if known is not None or not self.scope.allows(link):
            return None
        if grows_endlessly(url):
            self._known[key] = LEFT_OUT
            self.left_out[DEEP_PATHS] += 1
            return None
        # Memory must not grow with the site: this many candidates are enough to choose from.
        if self._pool.unsorted_count >= max(5_000, 4 * self.max_pages):
            return None
        if url != link.url:
            link = replace(link, url=url)
        candidate = Candidate(link, depth, source, position, source == 0, family=family_of(url))
        self._tracker.record_url(key, url, source)
        self._known[key] = candidate
        self._pool.add(key, candidate)
        return candidate

    # Restore what an earlier attempt of the build had

    def register_known(self, targets: Iterable[Target]) -> None:
        """Register all URLs of an earlier attempt as evidence of variants, before any of them is restored."""
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
        """Restore a URL that an earlier attempt had admitted, with the page it had read there.

        `was_wasted`: the site was asked for it, and the response had been read before.
        """
        self._known[page_key(target.url)] = target.order
        self._next_order = max(self._next_order, target.order + 1)
        self.admitted += has_place
        self._tracker.restore(target)
        if is_open:
            self._open(target)
        else:
            was_asked = has_place or was_wasted
            self._tracker.record_result(target.order, page, was_asked=was_asked, was_wasted=was_wasted)

    def restore_found(self, targets: Iterable[Target]) -> None:
        """Restore candidates that an earlier attempt had found and not admitted."""
        for position, target in enumerate(targets):
            self._add_link(Link(target.url), target.depth, -1, position)

    # Admit

    def admit_next(self) -> list[Target]:
        """Admit as many URLs as may be read now; return them in crawl order."""
        for name, targets in self._missing.give_up().items():
            self.left_out[MISSING.format(name)] += len(targets)
            for target in targets:
                self._give_up(target)
        released = self._missing.release()
        return released + [target for target in self._admit_levels() if self._missing.request(target)]

    def _give_up(self, target: Target) -> None:
        """Leave out an admitted URL that was not requested."""
        self._known[page_key(target.url)] = LEFT_OUT
        self._open_pages.record_links(target.order, target.depth)
        self.record_result(target, gives_place_back=True)

    def _admit_levels(self) -> list[Target]:
        admitted: list[Target] = []
        while self._pool.level <= self.max_depth:
            # Results of families are awaited as well: the budgets of the next level depend on them.
            is_complete = not self._tracker.has_pending and self._open_pages.is_complete(self._pool.level)
            if self._pool.queue is None and not is_complete:
                admitted += self._admit_early()
                break
            admitted += self._admit_level()
            if self._is_level_unfinished():
                break
            self._close_level()
        return admitted

    def _is_level_unfinished(self) -> bool:
        """Whether more of the present level may be admitted later."""
        queue = self._pool.queue
        if queue is None or (queue and not self._budgets.is_exhausted):
            return True
        # A pending page may give its place back, or show that more of a family is worth reading.
        return bool(self._open_pages.pending and (self._held or queue))

    def _admit_early(self) -> Iterator[Target]:
        """Admit content from pages that no open page precedes, in crawl order, within the level's early budget."""
        level = self._pool.level
        if not self._open_pages.is_complete(level - 1):
            return
        first_blocking = self._open_pages.first_blocking(level - 1)
        sources = self._pool.keys_by_source[level]
        left = self._early_budget.setdefault(level, max(1, self.max_pages // EARLY_SHARE))
        for source in sorted(source for source in sources if first_blocking is None or source < first_blocking):
            while keys := sources[source]:
                if left <= 0 or self.admitted >= self.max_pages or self._budgets.is_exhausted:
                    # The key stays in front: a place that is given back goes to it.
                    return
                key = keys.popleft()
                candidate = self._pool.get(key, level)
                if (
                    candidate
                    and candidate.source == source
                    and candidate.may_be_early
                    and self._tracker.classify(candidate, source) is None
                ):
                    left -= 1
                    self._early_budget[level] = left
                    self._pool.remove(key, level)
                    yield self._admit(key, candidate)
            del sources[source]

    def _admit_level(self) -> Iterator[Target]:
        """Admit candidates of a complete level, best first, while there are places."""
        if (queue := self._pool.queue) is None:
            yield from self._admit_early()
            if self.admitted >= self.max_pages and self._early_budget[self._pool.level] > 0:
                # Early candidates are next for any place given back, as they would have been on a faster site.
                return
            queue = self._pool.sort_level()
        yield from self._admit_held()
        while queue and self.admitted < self.max_pages and not self._budgets.is_exhausted:
            key, candidate = queue.popleft()
            family = candidate.family
            if self._known.get(key) is not candidate:
                # The page was reached under another address meanwhile.
                continue
            if family is None or (not candidate.base and self._budgets.claim_skeleton(family)):
                yield self._admit(key, candidate)
            elif not candidate.base and family.name not in self._held and self._budgets.admit(family):
                yield self._admit(key, candidate, family)
            else:
                self._held.setdefault(family.name, deque()).append((key, candidate))
        yield from self._admit_held()

    def _admit_held(self) -> Iterator[Target]:
        """Admit held candidates whose family's budget has grown.

        This goes in rounds: none begins before all results of the last one are known, so that the order in which
        they come does not matter.
        """
        if self._tracker.has_pending or not self._tracker.are_bases_read(self._open_pages.pending):
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
        target = Target(url=candidate.link.url, depth=candidate.depth, order=self._next_order)
        self._next_order += 1
        self._known[key] = target.order
        self.admitted += 1
        self._open(target)
        self._tracker.record_admission(target, family, candidate.base)
        return target

    def _open(self, target: Target) -> None:
        self._open_pages.pending.add(target.order)
        if not self.is_leaf(target):
            self._open_pages.expect_links(target.order, target.depth)

    def _close_level(self) -> None:
        """Leave out what is still held or queued, and go on to the next level."""
        for name, held in self._held.items():
            self.left_out[name] += len(held)
            for key, _ in held:
                self._known[key] = LEFT_OUT
        self._held.clear()
        for key, _ in self._pool.queue or ():
            self._known[key] = LEFT_OUT
            self.left_out[REPEATED_PAGES] += 1
        self._pool.close_level()

    def skip_blocked(self) -> None:
        """Stop waiting for the pages that block the present level; their links are queued when they arrive."""
        self._open_pages.skip_blocking(self._pool.level)
        self._tracker.skip_pending()

    # Record results

    def record_result(
        self,
        target: Target,
        *,
        page: Fingerprint | None = None,
        gives_place_back: bool = False,
        was_wasted: bool = False,
        is_missing: bool = False,
    ) -> None:
        """Record the result of a URL: its `page` if it was worth reading.

        `gives_place_back`: it is no page and takes no place of the budget. `was_wasted`: the site was asked for it,
        and the response had been read before. `is_missing`: the site was asked, and there is no such page.
        """
        self._missing.record_result(target.order, exists=page is not None, is_missing=is_missing)
        self._open_pages.pending.discard(target.order)
        self.admitted -= gives_place_back
        was_asked = was_wasted or not gives_place_back
        self._tracker.record_result(target.order, page, was_asked=was_asked, was_wasted=was_wasted)

    def record_failure(self, target: Target, *, is_missing: bool = False) -> None:
        """Record that a URL could not be read."""
        self.failed += 1
        self.record_result(target, gives_place_back=True, is_missing=is_missing)

    def record_alias(self, url: str, target: Target) -> None:
        """Record another address of an admitted page, which need not be read any more."""
        key = page_key(url)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._pool.remove(key, known.depth)
        if not isinstance(known, int):
            self._known[key] = target.order

    def count_admitted(self, family: str) -> int:
        """Return the number of admitted URLs of a family."""
        return self._budgets.admitted(family)

    @property
    def is_waiting(self) -> bool:
        """Whether there are candidates."""
        return bool(self._pool.queue or self._held or self._pool.unsorted_count)

    @property
    def is_done(self) -> bool:
        """Whether no URL can be admitted any more; valid after `admit_next` has returned none."""
        return not self._open_pages.unreported and (not self._open_pages.pending or not self.is_waiting)

    def is_leaf(self, target: Target) -> bool:
        """Whether the links of this page are not followed."""
        return target.depth >= self.max_depth
