"""What of a site's URLs may have no end, as the frontier sees it: which are of a family, and how each turned out."""

from collections.abc import Iterable, Mapping

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.candidates import Candidate
from tasks.web.crawl.family_budgets import FamilyBudgets
from tasks.web.crawl.traps import Family, FamilyKind, family_of
from tasks.web.crawl.urls import page_key
from tasks.web.crawl.variants import VariantCounts, base_of

LEFT_OUT = -1
"""Instead of an order: left out."""
EVERYTHING = 2**31 + 1
"""Beyond the places of all pages, and of what is no page but tells of pages."""
_NEVER_LEAD_ON = (FamilyKind.variant, FamilyKind.combined, FamilyKind.repeated)
"""What these link to is more of the same."""


class FamilyTracker:
    """The families of a site, and which of the URLs that are read belong to one."""

    def __init__(self, known: Mapping[str, Candidate | int]) -> None:
        """`known`: by key, a candidate, the order of a URL let in, or `LEFT_OUT`; the frontier's own."""
        self.budgets = FamilyBudgets()
        self._known = known
        self._variants = VariantCounts()
        self._depths: dict[int, int] = {}
        """Of URLs let in, by order."""
        self._bases: list[str] = []
        """Keys of pages that candidates of the level may be versions of, as far as it is not known what they are."""
        self._pending: dict[int, tuple[Family, str]] = {}
        """Of pages that are being read: their family, and the key of the page that they may be a version of."""
        self._leading_on: set[int] = set()
        """Pages of families that link to pages of none."""
        self._pages: dict[int, Fingerprint] = {}
        """What was read, by order."""

    # Candidates

    def record_url(self, key: str, url: str, source: int) -> None:
        """Take in that a URL was found on a page."""
        self._variants.record(key, url, source)

    def classify(self, candidate: Candidate, until: int = EVERYTHING) -> Family | None:
        """The family of a candidate, as far as pages up to an order show; with it, what it may be a version of."""
        key = page_key(candidate.link.url)

        def is_known(base: str) -> bool:
            found = self._known.get(base)
            return found.source <= until if isinstance(found, Candidate) else found is not None

        if candidate.family is not None:
            candidate.base = base_of(key, is_known)
            return candidate.family
        if variant := self._variants.variant_of(key, is_known, until=until):
            candidate.base = variant.base
            return variant.family
        return self._variants.series_of(candidate.link.url, until=until)

    def settle_family(self, candidate: Candidate) -> None:
        """Take in that a candidate is in line: all that can be known of it is known."""
        candidate.family = self.classify(candidate)
        if candidate.family is not None:
            self.budgets.record_parameters(candidate.family)
        if candidate.base:
            self._bases.append(candidate.base)

    # What is read

    def record_admission(self, target: Target, family: Family | None, base: str) -> None:
        """Take in that a URL is read, as one of the family."""
        self._depths[target.order] = target.depth
        if family is None:
            self.budgets.record_plain_url(target.url)
        else:
            self._pending[target.order] = family, base

    def restore(self, target: Target) -> None:
        """Take in a URL that an earlier attempt of the build had let in."""
        candidate = Candidate(Link(target.url), target.depth, 0, 0, False, family=family_of(target.url))
        family = self.classify(candidate)
        if family is not None and (candidate.base or not self.budgets.claim_skeleton(family)):
            self.budgets.record_admission(family)
            self.record_admission(target, family, candidate.base)
        else:
            self.record_admission(target, None, "")

    def record_links(self, order: int, depth: int, urls: Iterable[str]) -> None:
        """Take in what a page links to: one of a family is worth it if it leads to pages of none."""
        if order in self._pending and any(self._is_new_content(url, depth) for url in urls):
            self._leading_on.add(order)

    def _is_new_content(self, url: str, depth: int) -> bool:
        """Whether it is of no family, and named by no page that is as shallow."""
        found = self._known.get(page_key(url), LEFT_OUT)
        if isinstance(found, Candidate):
            return found.depth > depth and found.family is None
        return self._depths.get(found, 0) > depth and family_of(url) is None

    def record_result(self, order: int, page: Fingerprint | None, *, was_asked: bool, was_wasted: bool) -> None:
        """Take in how a page turned out: `page` if it was worth reading."""
        was_kept = self._pages.pop(order, None) is not None
        if page is not None:
            self._pages[order] = page
        if (found := self._pending.pop(order, None)) is None:
            self.budgets.record_plain_result(kept=(page is not None) - was_kept, wasted=was_wasted)
            return
        family, base_key = found
        base = self._known.get(base_key, LEFT_OUT)
        self.budgets.record_result(
            family,
            page,
            base=None if isinstance(base, Candidate) else self._pages.get(base),
            leads_on=order in self._leading_on and family.kind not in _NEVER_LEAD_ON,
            was_asked=was_asked,
        )

    # What is waited for

    @property
    def has_pending(self) -> bool:
        """Whether pages of families are being read."""
        return bool(self._pending)

    def are_bases_read(self, pending: set[int]) -> bool:
        """Whether it is known of the pages that others may be versions of what they are."""
        while self._bases:
            base = self._known.get(self._bases[-1], LEFT_OUT)
            if not isinstance(base, Candidate) and base in pending:
                return False
            self._bases.pop()
        return True

    def skip_pending(self) -> None:
        """Wait no longer for any of them."""
        self._bases.clear()
        for order in tuple(self._pending):
            self.record_result(order, None, was_asked=False, was_wasted=False)
