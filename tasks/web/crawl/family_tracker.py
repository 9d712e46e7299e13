"""Family tracker: which of the frontier's URLs belong to a family of a possible crawl trap, and how each turned out.

The frontier asks it to classify candidates and tells it what was admitted and read. The tracker finds the family,
the page that a URL may be a variant of, and the pages that lead on to new content, and books the results on the
budgets (`tasks.web.crawl.family_budgets`).
"""

from collections.abc import Iterable, Mapping

from tasks.core.models import Fingerprint, Link, Target
from tasks.web.crawl.candidates import Candidate
from tasks.web.crawl.family_budgets import FamilyBudgets
from tasks.web.crawl.traps import Family, FamilyKind, family_of
from tasks.web.crawl.urls import page_key
from tasks.web.crawl.variants import VariantCounts, base_of

LEFT_OUT = -1
"""Stands for the crawl order of a URL that is left out."""
EVERYTHING = 2**31 + 1
"""A crawl order beyond those of all pages and hints."""
_NEVER_LEAD_ON = (FamilyKind.variant, FamilyKind.combined, FamilyKind.repeated)
"""Kinds whose links lead to more of the same."""


class FamilyTracker:
    """The families of a site, their budgets, and the pages of families that are being read."""

    def __init__(self, known: Mapping[str, Candidate | int]) -> None:
        """`known` is the frontier's: by page key, a candidate, the crawl order of an admitted URL, or `LEFT_OUT`."""
        self.budgets = FamilyBudgets()
        self._known = known
        self._variants = VariantCounts()
        self._depths: dict[int, int] = {}
        """Depth of admitted URLs, by crawl order."""
        self._bases: list[str] = []
        """Keys of pages that candidates of the level may be variants of, and that may not have been read."""
        self._pending: dict[int, tuple[Family, str]] = {}
        """Pages being read: their family, and the key of the page they may be a variant of; by crawl order."""
        self._overdue: dict[int, tuple[Family, str]] = {}
        """The same of pages that are not waited for any more, and that may still come."""
        self._leading_on: set[int] = set()
        """Pages of families that link to new content outside families."""
        self._pages: dict[int, Fingerprint] = {}
        """Fingerprints of the pages kept, by crawl order."""

    # Candidates

    def record_url(self, key: str, url: str, source: int) -> None:
        """Record that a URL was found on a page."""
        self._variants.record(key, url, source)

    def classify(self, candidate: Candidate, until: int = EVERYTHING) -> Family | None:
        """Return the family of a candidate and set its `base`, the page it may be a variant of.

        Only links on pages up to the crawl order `until` count.
        """
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
        """Set the family of a queued candidate for good: its level is complete, so no more evidence comes."""
        candidate.family = self.classify(candidate)
        if candidate.family is not None:
            self.budgets.record_parameters(candidate.family)
        if candidate.base:
            self._bases.append(candidate.base)

    # Admissions and results

    def record_admission(self, target: Target, family: Family | None, base: str) -> None:
        """Record that a URL is read, as one of the family or of none."""
        self._depths[target.order] = target.depth
        if family is None:
            self.budgets.record_plain_url(target.url)
        else:
            self._pending[target.order] = family, base

    def restore(self, target: Target) -> None:
        """Restore a URL that an earlier attempt of the build had admitted."""
        candidate = Candidate(Link(target.url), target.depth, 0, 0, False, family=family_of(target.url))
        family = self.classify(candidate)
        if family is not None and (candidate.base or not self.budgets.claim_skeleton(family)):
            self.budgets.record_admission(family)
            self.record_admission(target, family, candidate.base)
        else:
            self.record_admission(target, None, "")

    def record_links(self, order: int, depth: int, urls: Iterable[str]) -> None:
        """Record the links of a page: one of a family is worth reading if it leads to pages outside families."""
        if (order in self._pending or order in self._overdue) and any(self._is_new_content(url, depth) for url in urls):
            self._leading_on.add(order)

    def _is_new_content(self, url: str, depth: int) -> bool:
        """Whether the URL is of no family and found on no page that is as shallow."""
        found = self._known.get(page_key(url), LEFT_OUT)
        if isinstance(found, Candidate):
            return found.depth > depth and found.family is None
        return self._depths.get(found, 0) > depth and family_of(url) is None

    def record_result(self, order: int, page: Fingerprint | None, *, was_asked: bool, was_wasted: bool) -> None:
        """Record the result of a page: its fingerprint if it was worth reading."""
        # A page may have two results: kept first, and later dropped for a better duplicate.
        was_kept = self._pages.pop(order, None) is not None
        if page is not None:
            self._pages[order] = page
        if overdue := self._overdue.pop(order, None):
            # It came after all: a slow site would lose the rest of its family.
            self.budgets.take_back(overdue[0])
        if (found := overdue or self._pending.pop(order, None)) is None:
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

    # Waiting

    @property
    def has_pending(self) -> bool:
        """Whether pages of families are being read."""
        return bool(self._pending)

    def are_bases_read(self, pending: set[int]) -> bool:
        """Whether the pages that candidates may be variants of have been read, so that both can be compared."""
        while self._bases:
            base = self._known.get(self._bases[-1], LEFT_OUT)
            if not isinstance(base, Candidate) and base in pending:
                return False
            self._bases.pop()
        return True

    def skip_pending(self) -> None:
        """Stop waiting for pages of families: book them as results without content, until they come."""
        self._bases.clear()
        for order, pending in tuple(self._pending.items()):
            self.record_result(order, None, was_asked=False, was_wasted=False)
            self._overdue[order] = pending
