"""Budgets of families: how many of the URLs that may belong to a crawl trap are read.

A family begins with a few URLs (three, or one where paths repeat themselves). Each page that brings new content
raises the budget by one, each that brings none lowers it: a shop's 800 `?id=…` are read, a calendar's 800 months
are not. New content is measured in sentences and numbers that no page of the family had (`NOVEL_SHARE` …). All
families together have a budget as well: requests wasted on them stay below half of the pages worth reading
(`MAX_WASTED_SHARE`). The final count of a family depends on its results only, not on when they come.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from tasks.core.models import Fingerprint
from tasks.web.crawl.traps import Family, FamilyKind

MISTRUSTED = (FamilyKind.date, FamilyKind.boilerplate, FamilyKind.list)
"""Kinds that are mostly traps; so are combined parameters."""
NOVEL_SHARE = 0.33
"""Least share of new text in a page of a mistrusted family …"""
NOVEL_WORDS = 20
"""… and, in dates, least number of new words: a month without events is no page."""
NOVEL_SHARE_BESIDE = 0.1
"""Least share of text that a variant has and its base page has not …"""
NOVEL_WORDS_BESIDE = 8
"""… and least number of such words: \"Printed from our site\" is nothing new."""
MAX_UNITS = 20_000
"""Sentences kept of one family for comparison; its numbers stop growing with them."""
WASTED_REASONS = ("duplicate", "soft_404")
"""Skip reasons that make a request a waste."""
ALLOWED_WASTE = 4
"""Wasted requests allowed on any site."""
MIN_CONCURRENT = 2
"""Pages of families that may be pending at once on any site; more on sites whose pages are worth reading."""
ALLOWED_TOTAL_WASTE = 10
"""Wasted requests allowed on any site, those outside families included."""
MAX_WASTED_SHARE = 0.5
"""Greatest share of wasted requests, in relation to the pages worth reading."""

_FIRST = {FamilyKind.repeated: 1}
"""Initial budget where it is not 3."""


@dataclass
class _Budget:
    """The budget of one family, and the content seen in it."""

    kind: FamilyKind
    admitted: int = 0
    worth_it: int = 0
    wasted: int = 0
    units: set[int] = field(default_factory=set)
    """Hashes of the sentences read so far."""
    numbers: set[int] = field(default_factory=set)
    """Hashes of the numbers read so far."""

    @property
    def has_room(self) -> bool:
        """Whether one more may be read now."""
        first = _FIRST.get(self.kind, 3)
        pending = self.admitted - self.worth_it - self.wasted
        most_pending = max(1, first + self.worth_it - self.wasted)
        # The second condition ends families that were good for long and repeat themselves now.
        return pending < most_pending and self.wasted < first + self.worth_it // 2

    def add_content(self, page: Fingerprint, base: Fingerprint | None, mistrusted: bool) -> bool:
        """Add the content of a page to that seen; return whether enough of it is new."""
        units, words = page.units.tolist(), page.words.tolist()
        seen = set(base.units.tolist()) if base is not None else set()
        novel = sum(
            count for unit, count in zip(units, words, strict=True) if unit not in self.units and unit not in seen
        )
        is_number_new = not self.numbers.issuperset(page.numbers.tolist())
        if len(self.units) < MAX_UNITS:
            self.units.update(units)
            self.numbers.update(page.numbers.tolist())
        if mistrusted:
            return novel >= NOVEL_SHARE * page.word_count and (self.kind is not FamilyKind.date or novel >= NOVEL_WORDS)
        if base is None:
            return novel > 0 or is_number_new
        is_number_new &= (
            self.kind in (FamilyKind.query, FamilyKind.number) and not np.isin(page.numbers, base.numbers).all()
        )
        return is_number_new or novel >= max(NOVEL_WORDS_BESIDE, NOVEL_SHARE_BESIDE * page.word_count)


class FamilyBudgets:
    """The budgets of all families of a site, and the one they share."""

    def __init__(self) -> None:
        self._budgets: dict[str, _Budget] = {}
        self._skeletons: set[str] = set()
        self._parameters: dict[str, set[str]] = {}
        """Sets of parameter names found, by path."""
        self._plain = 0
        """Admitted pages outside families. Their results must not count for budgets: they depend on loading times."""
        self._kept = 0
        """Those of them that were kept."""
        self._plain_wasted = 0
        self._worth_it = 0
        self._wasted = 0
        self._pending = 0

    def record_parameters(self, family: Family) -> None:
        """Record the parameters of a URL, read or not: several sets of them on one path are combinations."""
        if family.kind is FamilyKind.query:
            self._parameters.setdefault(family.name, set()).add(family.parent)

    def has_room(self, family: Family) -> bool:
        """Whether the budgets allow one more URL of the family now."""
        kept = self._plain + self._worth_it
        most_pending = max(MIN_CONCURRENT, kept // 2 + self._worth_it - 2 * self._wasted)
        budgets = [self._budget(family, name) for name in _names(family)]
        if self._pending >= most_pending or not all(budget.has_room for budget in budgets):
            return False
        if not self.is_spent or all(budget.worth_it > budget.wasted for budget in budgets):
            # A family that is worth reading does not pay for others.
            return True
        # One that was never tried is tried once.
        return not any(budget.admitted for budget in budgets) and self._wasted < max(ALLOWED_TOTAL_WASTE, kept)

    @property
    def is_spent(self) -> bool:
        """Whether the shared budget is spent: only families worth reading go on, and untried ones are tried once."""
        return self._wasted >= max(ALLOWED_WASTE, MAX_WASTED_SHARE * (self._plain + self._worth_it))

    @property
    def is_exhausted(self) -> bool:
        """Whether as many requests were wasted as pages were worth reading: the crawl ends."""
        return self._wasted + self._plain_wasted >= max(ALLOWED_TOTAL_WASTE, self._kept + self._worth_it)

    def admit(self, family: Family) -> bool:
        """Admit a URL of the family if there is room; return whether there was."""
        if not self.has_room(family):
            return False
        self.record_admission(family)
        return True

    def record_admission(self, family: Family) -> None:
        """Record that a URL of the family is read."""
        self._pending += 1
        for name in _names(family):
            self._budget(family, name).admitted += 1

    def claim_skeleton(self, family: Family) -> bool:
        """Claim the skeleton of a URL; return whether it was free. The first URL with a skeleton costs no budget."""
        if family.skeleton is None or family.skeleton in self._skeletons:
            return False
        self._skeletons.add(family.skeleton)
        return True

    def record_plain_url(self, url: str) -> None:
        """Record that a URL of no family is read; it claims the skeleton of those that add a parameter to it."""
        self._skeletons.add(urlsplit(url).path.rstrip("/"))
        self._plain += 1

    def record_plain_result(self, *, kept: int, wasted: bool) -> None:
        """Record the result of a page of no family; `kept` is the change in the number of kept pages."""
        self._kept += kept
        self._plain_wasted += wasted

    def record_result(
        self,
        family: Family,
        page: Fingerprint | None,
        *,
        base: Fingerprint | None = None,
        leads_on: bool = False,
        was_asked: bool = True,
    ) -> None:
        """Record the result of a page of the family; no `page` means no content.

        `base` is the page it may be a variant of. `leads_on`: it links to pages found nowhere else.
        `was_asked`: a request was made for it.
        """
        # Several sets of parameters on one path are combined at will; a parent with "…" in front is a boilerplate word.
        is_combined = len(self._parameters.get(family.name, ())) > 1 or "…" in family.parent[:1]
        is_new = page is not None and self._budget(family, family.name).add_content(
            page, base, is_combined or family.kind in MISTRUSTED
        )
        is_worth_it = is_new or (page is not None and leads_on)
        self._pending -= 1
        self._worth_it += is_worth_it
        self._wasted += was_asked and not is_worth_it
        for name in _names(family):
            budget = self._budget(family, name)
            budget.worth_it += is_worth_it
            budget.wasted += not is_worth_it

    def take_back(self, family: Family) -> None:
        """Take back a result without content and without a request: the page is being read again."""
        self._pending += 1
        for name in _names(family):
            self._budget(family, name).wasted -= 1

    def admitted(self, name: str) -> int:
        """Return the number of admitted URLs of a family."""
        return self._budgets[name].admitted if name in self._budgets else 0

    def _budget(self, family: Family, name: str) -> _Budget:
        return self._budgets.setdefault(name, _Budget(family.kind))


def _names(family: Family) -> tuple[str, ...]:
    return (family.name, family.parent) if family.parent else (family.name,)
