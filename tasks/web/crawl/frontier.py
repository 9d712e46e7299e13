"""The crawl frontier: which URLs of a site are read, in which order, and when there are no more.

It is a priority frontier over breadth-first levels: a level holds the URLs that are equally many links away from
the home page. A level is complete when the links of all pages above it have been recorded. Then its candidates
are sorted (`tasks.web.crawl.priority`) and admitted best first, as long as the page budget (`max_pages`) lasts.
So the same site gives the same pages in the same order, however long each takes to load. Two rules keep fast
pages from waiting for slow ones:

- Up to a quarter of the page budget (`level_admission`) is admitted *early*, before the level is complete: content
  linked from pages that no open page precedes, in crawl order. A small site never waits for a whole level.
- A page that blocks its level is skipped after a timeout (`skip_blocked`); its links are queued when they arrive.

URLs that may belong to a crawl trap are grouped into families, and each family has a budget of its own
(`tasks.web.crawl.family_budgets`). What exceeds it is held until results show that more is worth reading.

URLs of a pattern without results are admitted and wait; a pattern of which no page exists is given up
(`tasks.web.crawl.missing_pages`). A page that fails gives its place back: `max_pages` counts pages, not requests.

In a re-crawl, the pages of the build before keep their places while they exist (`expect_pages`); new ones get those
that are left, except for what the start page links to. So a site at its limit of pages does not change by itself.

A URL is *open* from its admission until its links are recorded, unless it is a leaf, and *pending* until its
result is recorded (`tasks.web.crawl.open_pages`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.candidate_pool import CandidatePool
from tasks.web.crawl.candidates import Candidate
from tasks.web.crawl.family_tracker import LEFT_OUT, FamilyTracker
from tasks.web.crawl.level_admission import LevelAdmission, Places
from tasks.web.crawl.missing_pages import MissingPages
from tasks.web.crawl.open_pages import OpenPages
from tasks.web.crawl.scope import Scope
from tasks.web.crawl.traps import Family, family_of, grows_endlessly
from tasks.web.crawl.urls import page_key

HINTS = 2**31
"""Crawl order of the source "hints": sitemaps and the like, which are no page and come after the home page."""
DEEP_PATHS = "paths that grow ever deeper"
MISSING = "addresses like {}: those requested do not exist"


@dataclass
class Frontier:
    """The URLs found on a site; admits each at most once, until `max_pages` of them are pages."""

    scope: Scope
    max_depth: int
    max_pages: int
    failed: int = 0
    """Pages that failed and gave their place back."""
    left_out: Counter[str] = field(default_factory=Counter)
    """URLs left out as a possible trap, by family."""
    _known: "dict[str, Candidate | int]" = field(default_factory=dict)
    """By page key: a candidate, the crawl order of an admitted URL, or `LEFT_OUT`."""
    _open_pages: OpenPages = field(default_factory=OpenPages)
    _next_order: int = 0
    _is_recrawl: bool = False

    def __post_init__(self) -> None:
        self._tracker = FamilyTracker(self._known)
        self._places = Places(self.max_pages)
        self._missing = MissingPages()
        self._pool = CandidatePool(self.max_depth, self._tracker)
        self._levels = LevelAdmission(
            self._pool, self._tracker, self._open_pages, self._places, self._known, self.left_out
        )

    @property
    def admitted(self) -> int:
        """Places taken of the page budget."""
        return self._places.taken

    # Record what was found

    def expect_pages(self, urls: Iterable[str]) -> None:
        """Keep a place for each page of the build before; call it before anything is recorded."""
        self._places.awaited.update(page_key(url) for url in urls)
        self._is_recrawl = bool(self._places.awaited)

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
        is_awaited = key in self._places.awaited
        if not is_awaited and self._pool.unsorted_count >= max(5_000, 4 * self.max_pages):
            return None
        if url != link.url:
            link = replace(link, url=url)
        is_new = self._is_recrawl and not is_awaited
        candidate = Candidate(link, depth, source, position, source == 0, family=family_of(url), is_new=is_new)
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
        key = page_key(target.url)
        self._known[key] = target.order
        self._places.awaited.discard(key)
        self._next_order = max(self._next_order, target.order + 1)
        self._places.taken += has_place
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
        # A choice takes its place before the next one is made.
        admitted = [self._admit(*choice) for choice in self._levels.choose()]
        return released + [target for target in admitted if self._missing.request(target)]

    def _give_up(self, target: Target) -> None:
        """Leave out an admitted URL that was not requested."""
        self._known[page_key(target.url)] = LEFT_OUT
        self._open_pages.record_links(target.order, target.depth)
        self.record_result(target, gives_place_back=True)

    def _admit(self, key: str, candidate: Candidate, family: Family | None) -> Target:
        target = Target(url=candidate.link.url, depth=candidate.depth, order=self._next_order)
        self._next_order += 1
        self._known[key] = target.order
        self._places.taken += 1
        self._places.awaited.discard(key)
        self._open(target)
        self._tracker.record_admission(target, family, candidate.base)
        return target

    def _open(self, target: Target) -> None:
        self._open_pages.pending.add(target.order)
        if not self.is_leaf(target):
            self._open_pages.expect_links(target.order, target.depth)

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
        self._places.taken -= gives_place_back
        was_asked = was_wasted or not gives_place_back
        self._tracker.record_result(target.order, page, was_asked=was_asked, was_wasted=was_wasted)

    def record_failure(self, target: Target, *, is_missing: bool = False) -> None:
        """Record that a URL could not be read."""
        self.failed += 1
        self.record_result(target, gives_place_back=True, is_missing=is_missing)

    def record_alias(self, url: str, target: Target) -> None:
        """Record another address of an admitted page, which need not be read any more."""
        key = page_key(url)
        self._places.awaited.discard(key)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._pool.remove(key, known.depth)
        if not isinstance(known, int):
            self._known[key] = target.order

    def count_admitted(self, family: str) -> int:
        """Return the number of admitted URLs of a family."""
        return self._tracker.budgets.admitted(family)

    @property
    def is_waiting(self) -> bool:
        """Whether there are candidates."""
        return bool(self._pool.queue or self._levels.held or self._levels.put_off or self._pool.unsorted_count)

    @property
    def is_done(self) -> bool:
        """Whether no URL can be admitted any more; valid after `admit_next` has returned none."""
        if self._open_pages.unreported or self._missing.is_waiting:
            return False
        return not self._open_pages.pending or not self.is_waiting

    def is_leaf(self, target: Target) -> bool:
        """Whether the links of this page are not followed."""
        return target.depth >= self.max_depth
