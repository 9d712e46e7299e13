"""Pages that say the same: stored once, whichever of their URLs is read first.

Two pages are one if they have one address (after redirects), the same text, or nearly so. *Nearly*: the
same title, headings and numbers (dates and times apart), and of the sentences at most one in twenty (by
their words) stands on one page alone; if both have such sentences, the pages also name the same names.
Short pages have to be equal, and those that call themselves differently are two even then. A canonical link
to another page of the site is believed when the two have half of their sentences in common.

Of pages that are one, that which the others call canonical is kept, or else the one with the plainest
address, or else that which the build took up first: the same is stored however long each takes to come.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from tasks.core.models import ChunkedPage, Fingerprint
from tasks.web.crawl.fingerprints import MAX_UNITS, hash_of
from tasks.web.crawl.urls import in_scope, page_key

MAX_APART = 0.05
"""The part of its words by which a page may differ from one that says the same."""
MIN_SHARED_BY_CANONICAL = 0.5
MIN_WORDS = 60
"""Shorter pages are the same only if they are equal."""


@dataclass(slots=True)
class KeptPage:
    """A page that is kept."""

    url: str
    """Under which it is stored."""
    target_url: str
    """Under which the build knows it."""
    order: int
    content_hash: str
    fingerprint: Fingerprint
    is_canonical: bool = False
    """Another page calls it so."""

    @property
    def precedence(self) -> tuple[bool, bool, int, int]:
        """What decides between pages that are one: the smaller is kept."""
        parts = urlsplit(self.url)
        has_query = bool(parts.query) or "?" in parts.fragment
        return not self.is_canonical, has_query, parts.path.rstrip("/").count("/"), self.order


@dataclass(frozen=True, slots=True)
class DuplicateVerdict:
    """What to do with a page."""

    same_as: KeptPage | None = None
    """It is left out: this one says the same."""
    replaces: KeptPage | None = None
    """It is kept, and this one is not."""
    is_not_found: bool = False
    """It is what the site answers to any address."""
    looks_alike: bool = False
    """Its text was read before, but for the address in it."""


@dataclass
class Duplicates:
    """The pages kept so far."""

    _by_key: dict[str, KeptPage] = field(default_factory=dict)
    _by_hash: dict[str, KeptPage] = field(default_factory=dict)
    _by_outline: defaultdict[int, list[KeptPage]] = field(default_factory=lambda: defaultdict(list))
    _by_canonical: defaultdict[str, list[KeptPage]] = field(default_factory=lambda: defaultdict(list))
    """Kept pages that call another address canonical, by its key."""
    _texts: set[int] = field(default_factory=set)
    _not_found: list[Fingerprint] = field(default_factory=list)

    def judge(self, page: ChunkedPage) -> DuplicateVerdict:
        """Whether the page is to be kept; if so it is known from now on."""
        canonical = _canonical_key(page)
        record = self._record(page)
        if self._is_not_found(record.fingerprint):
            return DuplicateVerdict(is_not_found=True)
        looks_alike = record.fingerprint.text in self._texts
        self._texts.add(record.fingerprint.text)
        other = self._find(record, canonical)
        if other is None:
            self._keep(record, canonical)
            return DuplicateVerdict(looks_alike=looks_alike)
        if record.precedence < other.precedence:
            self.remove(other)
            self._keep(record, canonical)
            return DuplicateVerdict(replaces=other)
        return DuplicateVerdict(same_as=other)

    def add_not_found(self, page: Fingerprint) -> list[KeptPage]:
        """Take in what the site answers to an address it cannot have; the kept pages that are no more than that."""
        self._not_found.append(page)
        found = [record for record in self._by_key.values() if self._is_not_found(record.fingerprint)]
        for record in found:
            self.remove(record)
        return found

    def restore(
        self, url: str, order: int, content_hash: str, *, target_url: str = "", fingerprint: Fingerprint | None = None
    ) -> None:
        """Take in a page that an earlier attempt of the build has stored, read at `target_url` (absent: there).

        Without its fingerprint only equal ones are known to be the same.
        """
        self._keep(KeptPage(url, target_url or url, order, content_hash, fingerprint or _UNKNOWN), "")

    def remove(self, record: KeptPage) -> None:
        """Take back that a page is kept."""
        if self._by_key.get(key := page_key(record.url)) is record:
            del self._by_key[key]
        if self._by_hash.get(record.content_hash) is record:
            del self._by_hash[record.content_hash]
        for alike in (self._by_outline[record.fingerprint.outline], *self._by_canonical.values()):
            if record in alike:
                alike.remove(record)

    def find_kept(self, url: str) -> KeptPage | None:
        """The page that is kept under this address, however it is written."""
        return self._by_key.get(page_key(url))

    def _record(self, page: ChunkedPage) -> KeptPage:
        target, url = page.page.target, page.page.url
        is_canonical = page_key(url) in self._by_canonical
        return KeptPage(url, target.url, target.order, page.content_hash, page.fingerprint or _UNKNOWN, is_canonical)

    def _keep(self, record: KeptPage, canonical: str) -> None:
        self._by_key[page_key(record.url)] = record
        self._by_hash.setdefault(record.content_hash, record)
        if record.fingerprint.word_count >= MIN_WORDS:
            self._by_outline[record.fingerprint.outline].append(record)
        if canonical:
            self._by_canonical[canonical].append(record)

    def _find(self, record: KeptPage, canonical: str) -> KeptPage | None:
        """The kept page that this one is the same as."""
        if same := self._by_key.get(page_key(record.url)):
            return same
        named = self._by_key.get(canonical)
        siblings = self._by_canonical.get(canonical, []) + self._by_canonical.get(page_key(record.url), [])
        for other in [named, *siblings] if named else siblings:
            if shared_share(record.fingerprint, other.fingerprint) >= MIN_SHARED_BY_CANONICAL:
                other.is_canonical |= other is named
                return other
        equal = self._by_hash.get(record.content_hash)
        if equal and _are_equal(record.fingerprint, equal.fingerprint):
            return equal
        alike = self._by_outline.get(record.fingerprint.outline, [])
        same_ones = [other for other in alike if are_near_duplicates(record.fingerprint, other.fingerprint)]
        return min(same_ones, key=_precedence) if same_ones else None

    def _is_not_found(self, page: Fingerprint) -> bool:
        return any(page.text == known.text or are_near_duplicates(page, known) for known in self._not_found)


def _precedence(record: KeptPage) -> tuple[bool, bool, int, int]:
    return record.precedence


def _canonical_key(page: ChunkedPage) -> str:
    """The key of the address that the page calls its own, if it is another one of the same site."""
    url, canonical = page.page.url, str(page.page.metadata.get("canonical") or "")
    try:
        if not canonical or not in_scope(canonical, url):
            return ""
    except ValueError:
        return ""
    key = page_key(canonical)
    return "" if key == page_key(url) else key


def _are_equal(page: Fingerprint, other: Fingerprint) -> bool:
    """Whether two pages with the same Markdown are one: a short text may stand under many titles."""
    return page.word_count >= MIN_WORDS or page.outline == other.outline or other is _UNKNOWN


def are_near_duplicates(page: Fingerprint, other: Fingerprint) -> bool:
    """Whether two pages say nearly the same."""
    whole = max(page.word_count, other.word_count)
    if page.outline != other.outline or min(page.word_count, other.word_count) < MIN_WORDS:
        return False
    here, there = _apart(page, other)
    if here + there > MAX_APART * whole:
        return False
    return not (here and there) or page.names == other.names != _NO_NAMES


def shared_share(page: Fingerprint, other: Fingerprint) -> float:
    """The part of the smaller page's words that stand on the other one too, 0 … 1."""
    here, there = _apart(page, other)
    smaller, apart = min((page.word_count, here), (other.word_count, there))
    return 1 - apart / smaller if smaller else 0.0


def _apart(page: Fingerprint, other: Fingerprint) -> tuple[int, int]:
    """Words that stand on the one page alone, and on the other."""
    most = min(_last(page), _last(other))
    return _only(page, other, most), _only(other, page, most)


def _only(page: Fingerprint, other: Fingerprint, most: int) -> int:
    apart = ~np.isin(page.units, other.units, assume_unique=True) & (page.units <= np.uint64(most))
    return int(page.words[apart].sum())


def _last(page: Fingerprint) -> int:
    """The largest hash up to which all units of the page are known."""
    return int(page.units[-1]) if len(page.units) >= MAX_UNITS else 2**64 - 1


_UNKNOWN = Fingerprint(0, 0, np.empty(0, np.uint64), np.empty(0, np.uint16), 0)
_NO_NAMES = hash_of("")
