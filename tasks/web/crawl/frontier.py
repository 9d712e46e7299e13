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
from tasks.web.crawl.candidates import Candidate, merge
from tasks.web.crawl.scope import Scope
from tasks.web.crawl.suspects import OUT, Suspects
from tasks.web.crawl.traps import Family, family_of, grows_endlessly
from tasks.web.crawl.urls import page_key

HINTS = 2**31
"""The order of what is no page but tells of pages: sitemaps and the like. It comes after the home page."""
EARLY_SHARE = 4
"""One in so many places may be given before a level is known."""
DEEPER = "paths that grow ever deeper"
SAID_ALREADY = "addresses of pages read already"


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
    _early_left: dict[int, int] = field(default_factory=dict)
    _line: deque[tuple[str, Candidate]] | None = None
    """The present level in order, once it is known."""
    _held: dict[str, deque[tuple[str, Candidate]]] = field(default_factory=dict)
    """Candidates of the present level whose family has had its share, by family."""
    _level: int = 1
    _next: int = 0
    _open: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Orders of open URLs by depth, those passed over left aside."""
    _unlisted: set[int] = field(default_factory=set)
    _pending: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._suspects = Suspects(self._known)
        self._families = self._suspects.families

    # What was found

    def expect_hints(self) -> None:
        """Say that hints are being looked for: the first level is known when they are reported."""
        self._unlisted.add(HINTS)
        self._open[0].add(HINTS)

    def report(self, order: int, depth: int, links: Iterable[Link]) -> list[Target]:
        """Take in the links of a URL that was open; those that are new and of the site, for the record."""
        new = []
        links = tuple(links)
        if depth < self.max_depth:
            for position, link in enumerate(links):
                if candidate := self._take_in(link, depth + 1, order, position):
                    new.append(Target(url=candidate.link.url, depth=depth + 1))
        self._suspects.look_through(order, depth, (self.scope.in_site_form(link.url) for link in links))
        self._unlisted.discard(order)
        self._open[depth].discard(order)
        return new

    def _take_in(self, link: Link, depth: int, source: int, position: int) -> Candidate | None:
        url = self.scope.in_site_form(link.url)
        key = page_key(url)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._improve(key, known, link, depth, source, position)
        if known is not None or not self.scope.admits(link):
            return None
        if grows_endlessly(url):
            self._known[key] = OUT
            self.left_out[DEEPER] += 1
            return None
        if sum(map(len, self._waiting.values())) >= max(5_000, 4 * self.max_pages):
            return None
        if url != link.url:
            link = replace(link, url=url)
        candidate = Candidate(link, depth, source, position, source == 0, family=family_of(url))
        self._suspects.find(key, url, source)
        self._place(key, candidate)
        return candidate

    def _place(self, key: str, candidate: Candidate) -> None:
        self._known[key] = candidate
        if candidate.depth > self._level or (candidate.depth == self._level and self._line is None):
            self._waiting[candidate.depth][key] = candidate
            self._early[candidate.depth].setdefault(candidate.source, deque()).append(key)
        elif self._line is not None:
            # Of a level that was thought to be known: its source had been passed over.
            self._suspects.line_up(candidate)
            self._line.append((key, candidate))
        else:
            self._level = min(self._level, self.max_depth)
            self._waiting[self._level][key] = candidate

    def _improve(self, key: str, known: Candidate, link: Link, depth: int, source: int, position: int) -> None:
        """Take in that a candidate was found once more; where it was found first decides how it is written."""
        if depth > known.depth:
            # What deeper pages link to must not decide: it depends on when they come.
            return
        known.in_links = known.in_links + 1 if depth == known.depth else 1
        known.on_home |= source == 0
        if (depth, source, position) < known.found_at:
            if self._waiting[known.depth].pop(key, None) is None:
                return
            known.link = merge(replace(link, url=self.scope.in_site_form(link.url)), known.link)
            known.depth, known.source, known.position = depth, source, position
            self._place(key, known)
        else:
            known.link = merge(known.link, link)

    def foresee(self, targets: Iterable[Target]) -> None:
        """Take in that an earlier attempt had found these, before each is recalled."""
        for target in targets:
            self._suspects.find(page_key(target.url), target.url, 0)

    def recall(
        self,
        target: Target,
        *,
        has_place: bool,
        is_open: bool,
        page: Fingerprint | None = None,
        in_vain: bool = False,
    ) -> None:
        """Take in a URL that an earlier attempt of the build had let in: `page` is what it had read there, and
        `in_vain` that it had been read already."""
        key = page_key(target.url)
        self._known[key] = target.order
        self._next = max(self._next, target.order + 1)
        self.admitted += has_place
        self._suspects.recall(target)
        if not is_open:
            was_asked = has_place or in_vain
            self._suspects.learn(target.order, page, was_asked=was_asked, was_in_vain=in_vain)
        if is_open:
            self._pending.add(target.order)
            if not self.is_leaf(target):
                self._unlisted.add(target.order)
                self._open[target.depth].add(target.order)

    def recall_found(self, targets: Iterable[Target]) -> None:
        """Take in URLs that an earlier attempt had found and not let in."""
        for position, target in enumerate(targets):
            self._take_in(Link(target.url), target.depth, -1, position)

    # What is let in

    def take(self) -> list[Target]:
        """The URLs that are to be read from now on, in order."""
        taken: list[Target] = []
        while self._level <= self.max_depth:
            if self._line is None and (self._suspects.are_under_way or not self._is_level_known()):
                taken += self._take_early()
                break
            taken += self._take_line()
            has_more = self._held or self._line
            if (self._pending and has_more) or (self._line and not self._families.is_futile) or self._line is None:
                # What is pending may give a place back, or show that more of a family is worth it.
                break
            self._leave_level()
        return taken

    def _is_level_known(self) -> bool:
        """Whether all pages on which URLs of the level stand have been looked through."""
        return not any(self._open[depth] for depth in range(self._level))

    def _take_early(self) -> Iterator[Target]:
        """Content of pages before which no other is out, in their order, up to the level's early share."""
        if any(self._open[depth] for depth in range(self._level - 1)):
            return
        first_out = min(self._open[self._level - 1], default=HINTS + 1)
        sources = self._early[self._level]
        left = self._early_left.setdefault(self._level, max(1, self.max_pages // EARLY_SHARE))
        for source in sorted(source for source in sources if source < first_out):
            while keys := sources[source]:
                if left <= 0 or self.admitted >= self.max_pages or self._families.is_futile:
                    # If there is no place now, these are the next to get one.
                    return
                key = keys.popleft()
                candidate = self._waiting[self._level].get(key)
                if (
                    candidate
                    and candidate.source == source
                    and candidate.may_be_early
                    and self._suspects.family(candidate, source) is None
                ):
                    left -= 1
                    self._early_left[self._level] = left
                    del self._waiting[self._level][key]
                    yield self._let_in(key, candidate)
            del sources[source]

    def _take_line(self) -> Iterator[Target]:
        """The level in order, as long as there are places."""
        if self._line is None:
            yield from self._take_early()
            if self.admitted >= self.max_pages and self._early_left[self._level] > 0:
                return
            waiting = self._waiting.pop(self._level, {})
            self._line = deque(sorted(waiting.items(), key=lambda pair: pair[1].rank))
            for _, candidate in self._line:
                self._suspects.line_up(candidate)
            self._early.pop(self._level, None)
        yield from self._take_held()
        while self._line and self.admitted < self.max_pages and not self._families.is_futile:
            key, candidate = self._line.popleft()
            family = candidate.family
            if self._known.get(key) is not candidate:
                # It was reached under another address meanwhile.
                continue
            if family is None or (not candidate.base and self._families.is_first(family)):
                yield self._let_in(key, candidate)
            elif not candidate.base and family.name not in self._held and self._families.let_in(family):
                yield self._let_in(key, candidate, family)
            else:
                self._held.setdefault(family.name, deque()).append((key, candidate))
        yield from self._take_held()

    def _take_held(self) -> Iterator[Target]:
        """More of the families; in rounds: not before it is known how all that were let in of them have turned out."""
        if self._suspects.are_under_way or not self._suspects.are_bases_read(self._pending):
            return
        for name in sorted(self._held):
            while self._held[name] and self.admitted < self.max_pages:
                key, candidate = self._held[name][0]
                family = candidate.family
                if self._known.get(key) is candidate and family is not None:
                    if not self._families.let_in(family):
                        break
                    yield self._let_in(key, candidate, family)
                self._held[name].popleft()
            if not self._held[name]:
                del self._held[name]

    def _let_in(self, key: str, candidate: Candidate, family: Family | None = None) -> Target:
        target = Target(url=candidate.link.url, depth=candidate.depth, order=self._next)
        self._next += 1
        self._known[key] = target.order
        self.admitted += 1
        self._pending.add(target.order)
        if not self.is_leaf(target):
            self._unlisted.add(target.order)
            self._open[target.depth].add(target.order)
        self._suspects.let_in(target, family, candidate.base)
        return target

    def _leave_level(self) -> None:
        """What a family has not had until now it will not have."""
        for name, held in self._held.items():
            self.left_out[name] += len(held)
            for key, _ in held:
                self._known[key] = OUT
        self._held.clear()
        for key, _ in self._line or ():
            self._known[key] = OUT
            self.left_out[SAID_ALREADY] += 1
        self._line = None
        self._level += 1

    def lose_patience(self) -> None:
        """Pass over the pages that all others wait for: what they link to comes later."""
        for depth in range(self._level):
            self._open[depth].clear()
        self._suspects.lose_patience()

    # What became of it

    def resolve(
        self,
        target: Target,
        *,
        page: Fingerprint | None = None,
        gives_place_back: bool = False,
        was_in_vain: bool = False,
    ) -> None:
        """Take in what became of a URL: `page` if it was worth reading; its place is free if it is no page.

        `was_in_vain`: the site was asked for it, and what it answered had been read.
        """
        self._pending.discard(target.order)
        self.admitted -= gives_place_back
        was_asked = was_in_vain or not gives_place_back
        self._suspects.learn(target.order, page, was_asked=was_asked, was_in_vain=was_in_vain)

    def know(self, url: str, target: Target) -> None:
        """Take in that a page has turned out to be at another address, which need not be asked for any more."""
        key = page_key(url)
        known = self._known.get(key)
        if isinstance(known, Candidate):
            self._waiting[known.depth].pop(key, None)
        if not isinstance(known, int):
            self._known[key] = target.order

    def share_of(self, family: str) -> int:
        """How many URLs of a family were let in."""
        return self._families.admitted(family)

    @property
    def is_waiting(self) -> bool:
        """Whether there are URLs that have been found and not let in."""
        return bool(self._line or self._held or any(self._waiting.values()))

    @property
    def is_done(self) -> bool:
        """Whether no URL can be let in any more; to be asked when `take` has given none."""
        return not self._unlisted and (not self._pending or not self.is_waiting)

    def is_leaf(self, target: Target) -> bool:
        """Whether the links of this page are not followed."""
        return target.depth >= self.max_depth
