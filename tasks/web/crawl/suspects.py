"""What of a site's URLs may have no end, as the frontier sees it: which are of a family, and how each turned out."""

from collections.abc import Iterable, Mapping

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.candidates import Candidate
from tasks.web.crawl.families import Families
from tasks.web.crawl.traps import Family, Kind, family_of
from tasks.web.crawl.urls import page_key
from tasks.web.crawl.variants import Versions, base_of

OUT = -1
"""Instead of an order: left out."""
EVERYTHING = 2**31 + 1
"""Beyond the places of all pages, and of what is no page but tells of pages."""
_NEVER_LEAD_ON = (Kind.version, Kind.combined, Kind.repeated)
"""What these link to is more of the same."""


class Suspects:
    """The families of a site, and which of the URLs that are read belong to one."""

    def __init__(self, known: Mapping[str, Candidate | int]) -> None:
        """`known`: by key, a candidate, the order of a URL let in, or `OUT`; the frontier's own."""
        self.families = Families()
        self._known = known
        self._versions = Versions()
        self._depths: dict[int, int] = {}
        """Of URLs let in, by order."""
        self._bases: list[str] = []
        """Keys of pages that candidates of the level may be versions of, as far as it is not known what they are."""
        self._under_way: dict[int, tuple[Family, str]] = {}
        """Of pages that are being read: their family, and the key of the page that they may be a version of."""
        self._leading_on: set[int] = set()
        """Pages of families that link to pages of none."""
        self._pages: dict[int, Fingerprint] = {}
        """What was read, by order."""

    # Candidates

    def find(self, key: str, url: str, source: int) -> None:
        """Take in that a URL was found on a page."""
        self._versions.find(key, url, source)

    def family(self, candidate: Candidate, until: int = EVERYTHING) -> Family | None:
        """The family of a candidate, as far as pages up to an order show; with it, what it may be a version of."""
        key = page_key(candidate.link.url)

        def is_known(base: str) -> bool:
            found = self._known.get(base)
            return found.source <= until if isinstance(found, Candidate) else found is not None

        if candidate.family is not None:
            candidate.base = base_of(key, is_known)
            return candidate.family
        if form := self._versions.form_of(key, is_known, until=until):
            candidate.base = form.base
            return form.family
        return self._versions.series_of(candidate.link.url, until=until)

    def line_up(self, candidate: Candidate) -> None:
        """Take in that a candidate is in line: all that can be known of it is known."""
        candidate.family = self.family(candidate)
        if candidate.family is not None:
            self.families.find(candidate.family)
        if candidate.base:
            self._bases.append(candidate.base)

    # What is read

    def let_in(self, target: Target, family: Family | None, base: str) -> None:
        """Take in that a URL is read, as one of the family."""
        self._depths[target.order] = target.depth
        if family is None:
            self.families.note(target.url)
        else:
            self._under_way[target.order] = family, base

    def recall(self, target: Target) -> None:
        """Take in a URL that an earlier attempt of the build had let in."""
        candidate = Candidate(Link(target.url), target.depth, 0, 0, False, family=family_of(target.url))
        family = self.family(candidate)
        if family is not None and (candidate.base or not self.families.is_first(family)):
            self.families.count(family)
            self.let_in(target, family, candidate.base)
        else:
            self.let_in(target, None, "")

    def look_through(self, order: int, depth: int, urls: Iterable[str]) -> None:
        """Take in what a page links to: one of a family is worth it if it leads to pages of none."""
        if order in self._under_way and any(self._is_news(url, depth) for url in urls):
            self._leading_on.add(order)

    def _is_news(self, url: str, depth: int) -> bool:
        """Whether it is of no family, and named by no page that is as shallow."""
        found = self._known.get(page_key(url), OUT)
        if isinstance(found, Candidate):
            return found.depth > depth and found.family is None
        return self._depths.get(found, 0) > depth and family_of(url) is None

    def learn(self, order: int, page: Fingerprint | None, *, was_asked: bool, was_in_vain: bool) -> None:
        """Take in how a page turned out: `page` if it was worth reading."""
        was_kept = self._pages.pop(order, None) is not None
        if page is not None:
            self._pages[order] = page
        if (found := self._under_way.pop(order, None)) is None:
            self.families.learn_other(kept=(page is not None) - was_kept, in_vain=was_in_vain)
            return
        family, base_key = found
        base = self._known.get(base_key, OUT)
        self.families.learn(
            family,
            page,
            base=None if isinstance(base, Candidate) else self._pages.get(base),
            leads_on=order in self._leading_on and family.kind not in _NEVER_LEAD_ON,
            was_asked=was_asked,
        )

    # What is waited for

    @property
    def are_under_way(self) -> bool:
        """Whether pages of families are being read."""
        return bool(self._under_way)

    def are_bases_read(self, pending: set[int]) -> bool:
        """Whether it is known of the pages that others may be versions of what they are."""
        while self._bases:
            base = self._known.get(self._bases[-1], OUT)
            if not isinstance(base, Candidate) and base in pending:
                return False
            self._bases.pop()
        return True

    def lose_patience(self) -> None:
        """Wait no longer for any of them."""
        self._bases.clear()
        for order in tuple(self._under_way):
            self.learn(order, None, was_asked=False, was_in_vain=False)
