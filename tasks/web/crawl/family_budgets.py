"""How much of a family of URLs is read: a few, and more as those turn out to be worth it.

So a shop's 800 `?id=…` are read and a calendar's 800 months are not. What a page is worth is known when it has been
read; how much of a family is read in the end does not depend on when that is. For all budgets of a site together
there is a limit as well: what was read in vain stays below what was not.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from tasks.core.models import Fingerprint
from tasks.web.crawl.traps import Family, FamilyKind

MISTRUSTED = (FamilyKind.date, FamilyKind.boilerplate, FamilyKind.list)
NOVEL_SHARE = 0.33
"""A page of a family that is mistrusted must bring at least this part of its text anew …"""
NOVEL_WORDS = 20
"""… and in dates this many words: a month without events is none."""
NOVEL_SHARE_BESIDE = 0.1
"""The part of its text that a version of another page has for itself, if it is worth it …"""
NOVEL_WORDS_BESIDE = 8
"""… and so many words at least: \"Printed from our site\" is nothing new."""
MAX_UNITS = 20_000
"""Sentences and numbers remembered of one family."""
WASTED_REASONS = ("duplicate", "soft_404")
"""Reasons for which a page is left out that would better not have been asked for."""
FEW = 4
"""So many pages may be read in vain on any site."""
AT_ONCE = 2
"""URLs of budgets that may be read at once in any case."""
MANY = 10
"""The same, addresses of no family included."""
MAX_WASTED_SHARE = 0.5
"""More only while they are a smaller part than this of the pages that were worth it."""

_FIRST = {FamilyKind.repeated: 1}
"""How many of a family are read in any case; of others 3."""


@dataclass
class _Budget:
    """How much of a family is read."""

    kind: FamilyKind
    admitted: int = 0
    worth_it: int = 0
    wasted: int = 0
    units: set[int] = field(default_factory=set)
    """Sentences read so far …"""
    numbers: set[int] = field(default_factory=set)
    """… and numbers."""

    @property
    def has_room(self) -> bool:
        """Whether one more may be read now: as many more as were worth it, while most of them are."""
        first = _FIRST.get(self.kind, 3)
        under_way = self.admitted - self.worth_it - self.wasted
        most = max(1, first + self.worth_it - self.wasted)
        return under_way < most and self.wasted < first + self.worth_it // 2

    def find_new_content(self, page: Fingerprint, base: Fingerprint | None, mistrusted: bool) -> bool:
        """Whether a page of the family brings something new."""
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
    """The budgets of one site, and how much of each may be read."""

    def __init__(self) -> None:
        self._budgets: dict[str, _Budget] = {}
        self._skeletons: set[str] = set()
        self._parameters: dict[str, set[str]] = {}
        """Names of parameters found, by path."""
        self._plain = 0
        """Pages let in that are of no family. How these turn out must not count here: it depends on when they come."""
        self._kept = 0
        """Those of them that are known to be pages."""
        self._plain_wasted = 0
        self._worth_it = 0
        self._wasted = 0
        self._pending = 0

    def record_parameters(self, family: Family) -> None:
        """Take in that the family has a URL, read or not: parameters of several names on one path are combined."""
        if family.kind is FamilyKind.query:
            self._parameters.setdefault(family.name, set()).add(family.parent)

    def has_room(self, family: Family) -> bool:
        """Whether a further URL of the family may be read now."""
        kept = self._plain + self._worth_it
        most = max(AT_ONCE, kept // 2 + self._worth_it - 2 * self._wasted)
        budgets = [self._budget(family, name) for name in _names(family)]
        if self._pending >= most or not all(budget.has_room for budget in budgets):
            return False
        if not self.is_spent or all(budget.worth_it > budget.wasted for budget in budgets):
            # What failed elsewhere does not speak of it.
            return True
        return not any(budget.admitted for budget in budgets) and self._wasted < max(MANY, kept)

    @property
    def is_spent(self) -> bool:
        """Whether as much of budgets was read in vain as the site may have: only those go on that are worth it, and
        such as have not been tried are once."""
        return self._wasted >= max(FEW, MAX_WASTED_SHARE * (self._plain + self._worth_it))

    @property
    def is_exhausted(self) -> bool:
        """Whether as much was read in vain as the site has pages, as far as is known."""
        return self._wasted + self._plain_wasted >= max(MANY, self._kept + self._worth_it)

    def admit(self, family: Family) -> bool:
        """The same; if so, it is counted."""
        if not self.has_room(family):
            return False
        self.record_admission(family)
        return True

    def record_admission(self, family: Family) -> None:
        """Take in that a URL of the family is read."""
        self._pending += 1
        for name in _names(family):
            self._budget(family, name).admitted += 1

    def claim_skeleton(self, family: Family) -> bool:
        """Whether nothing with the family's skeleton was read before; from now on, something was."""
        if family.skeleton is None or family.skeleton in self._skeletons:
            return False
        self._skeletons.add(family.skeleton)
        return True

    def record_plain_url(self, url: str) -> None:
        """Take in a URL that is read and of no family: those that differ from it in a parameter alone are not first."""
        self._skeletons.add(urlsplit(url).path.rstrip("/"))
        self._plain += 1

    def record_plain_result(self, *, kept: int, wasted: bool) -> None:
        """Take in how a page of no family turned out; `kept` is negative if it had been and is not any more."""
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
        """Take in how a page of the family turned out; none: it brought nothing.

        `base`: the page that it may be a version of. `leads_on`: pages are linked on it that nothing else has named.
        `was_asked`: false if the site was spared the request.
        """
        is_combined = len(self._parameters.get(family.name, ())) > 1 or "…" in family.parent[:1]
        is_new = page is not None and self._budget(family, family.name).find_new_content(
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

    def admitted(self, name: str) -> int:
        """How many of the family are read."""
        return self._budgets[name].admitted if name in self._budgets else 0

    def _budget(self, family: Family, name: str) -> _Budget:
        return self._budgets.setdefault(name, _Budget(family.kind))


def _names(family: Family) -> tuple[str, ...]:
    return (family.name, family.parent) if family.parent else (family.name,)
