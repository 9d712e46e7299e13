"""Near-duplicate detection: pages that say the same are stored once, whichever of their URLs is read first.

Two pages are duplicates if they have the same address after redirects, the same text, or nearly the same text.
*Near-duplicates* share title, headings and numbers (dates and times apart), and at most one in twenty of their
words (`MAX_DIFFERENCE`) stands in sentences of one page alone; if both have such sentences, the names in the two
texts must agree too. Pages shorter than `MIN_WORDS` must be equal, with the same title. A canonical link
to another page of the site is believed when the two share half of their words (`MIN_CANONICAL_OVERLAP`): a wrong line
in a template makes all pages name the home page. While the named page is unknown, pages that name it are one page if
they share nearly all of them (`MIN_SIBLING_OVERLAP`).

Of duplicates, the page that others declare canonical is kept, else the one with the plainest address, else the
first in crawl order. So the same page is stored however long each takes to load. The start page is always kept: many
servers answer any address with it, and then the other addresses are soft 404s.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from tasks.core.models import ChunkedPage, Fingerprint
from tasks.web.crawl.fingerprints import MAX_UNITS, hash_of
from tasks.web.crawl.urls import in_scope, page_key

MAX_DIFFERENCE = 0.05
"""Greatest share of words by which near-duplicates may differ."""
MIN_CANONICAL_OVERLAP = 0.5
"""Least overlap with a page for a canonical link to be believed."""
MIN_SIBLING_OVERLAP = 0.9
"""Least overlap of two pages that name the same unknown page canonical."""
MIN_WORDS = 60
"""Shorter pages are duplicates only if they are equal."""


@dataclass(slots=True)
class KeptPage:
    """A page that is kept."""

    url: str
    """URL under which it is stored."""
    target_url: str
    """URL by which it was found."""
    order: int
    content_hash: str
    fingerprint: Fingerprint
    is_canonical: bool = False
    """Another page declares it canonical."""

    @property
    def is_start(self) -> bool:
        """Whether it is the start page."""
        return self.order == 0

    @property
    def precedence(self) -> tuple[bool, bool, bool, int, int]:
        """Sort key among duplicates: the smallest is kept."""
        parts = urlsplit(self.url)
        has_query = bool(parts.query) or "?" in parts.fragment
        return not self.is_start, not self.is_canonical, has_query, parts.path.rstrip("/").count("/"), self.order


@dataclass(frozen=True, slots=True)
class DuplicateVerdict:
    """Decision about a page: kept, unless `same_as` or `is_not_found` is set."""

    same_as: KeptPage | None = None
    """The kept page that it duplicates."""
    replaces: KeptPage | None = None
    """The page kept so far that it takes the place of."""
    is_not_found: bool = False
    """It is the site's "not found" page, sent with a status of success (soft 404)."""
    looks_alike: bool = False
    """Its text was read before, apart from the page's own address in it."""


@dataclass
class Duplicates:
    """Index of the pages kept so far."""

    _by_key: dict[str, KeptPage] = field(default_factory=dict)
    _by_hash: dict[str, KeptPage] = field(default_factory=dict)
    _by_outline: defaultdict[int, list[KeptPage]] = field(default_factory=lambda: defaultdict(list))
    _by_canonical: defaultdict[str, list[KeptPage]] = field(default_factory=lambda: defaultdict(list))
    """Kept pages that declare another address canonical, by its key."""
    _texts: set[int] = field(default_factory=set)
    _not_found: list[Fingerprint] = field(default_factory=list)

    def judge(self, page: ChunkedPage) -> DuplicateVerdict:
        """Decide whether to keep a page, and add it to the index if so."""
        canonical = _canonical_key(page)
        record = self._record(page)
        if self._is_not_found(record):
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
        """Add the response to an address that does not exist; remove and return the kept pages that equal it."""
        self._not_found.append(page)
        found = [record for record in self._by_key.values() if self._is_not_found(record)]
        for record in found:
            self.remove(record)
        return found

    def restore(
        self, url: str, order: int, content_hash: str, *, target_url: str = "", fingerprint: Fingerprint | None = None
    ) -> None:
        """Restore a page stored by an earlier attempt of the build, found by `target_url` (default: `url`).

        Without its fingerprint only equal pages count as its duplicates.
        """
        self._keep(KeptPage(url, target_url or url, order, content_hash, fingerprint or _UNKNOWN), "")

    def remove(self, record: KeptPage) -> None:
        """Remove a page from the index."""
        if self._by_key.get(key := page_key(record.url)) is record:
            del self._by_key[key]
        if self._by_hash.get(record.content_hash) is record:
            del self._by_hash[record.content_hash]
        for alike in (self._by_outline[record.fingerprint.outline], *self._by_canonical.values()):
            if record in alike:
                alike.remove(record)

    def find_kept(self, url: str) -> KeptPage | None:
        """Return the page kept under this address, in any spelling."""
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
        """Return the kept page that this one duplicates."""
        if same := self._by_key.get(page_key(record.url)):
            return same
        # Before the text: a page and the one it names canonical are alike by intent, and half of the text will do.
        named = self._by_key.get(canonical)
        if named and _is_version(record, named):
            named.is_canonical = True
            return named
        for other in () if named else self._by_canonical.get(canonical, ()):
            if overlap(record.fingerprint, other.fingerprint) >= MIN_SIBLING_OVERLAP:
                return other
        for other in self._by_canonical.get(page_key(record.url), ()):
            if _is_version(other, record):
                return other
        equal = self._by_hash.get(record.content_hash)
        if equal and _are_equal(record.fingerprint, equal.fingerprint):
            return equal
        alike = self._by_outline.get(record.fingerprint.outline, [])
        same_ones = [other for other in alike if are_near_duplicates(record.fingerprint, other.fingerprint)]
        # Of several, the best is chosen and not the first, which would depend on loading times.
        return min(same_ones, key=_precedence) if same_ones else None

    def _is_not_found(self, record: KeptPage) -> bool:
        page = record.fingerprint
        return not record.is_start and any(
            page.text == known.text or are_near_duplicates(page, known) for known in self._not_found
        )


def _precedence(record: KeptPage) -> tuple[bool, bool, bool, int, int]:
    return record.precedence


def _canonical_key(page: ChunkedPage) -> str:
    """Return the key of the page's canonical link, if that is another address of the same site."""
    url, canonical = page.page.url, str(page.page.metadata.get("canonical") or "")
    try:
        if not canonical or not in_scope(canonical, url):
            return ""
    except ValueError:
        return ""
    # A page may declare itself canonical, which says nothing about others.
    key = page_key(canonical)
    return "" if key == page_key(url) else key


def _is_version(page: KeptPage, named: KeptPage) -> bool:
    """Whether a page is a version of the one it names canonical.

    If their addresses differ in more than the query, half of the *longer* text must stand on both: the text of a short
    page may be a teaser on the home page.
    """
    if page_key(page.url).partition("?")[0] == page_key(named.url).partition("?")[0]:
        return overlap(page.fingerprint, named.fingerprint) >= MIN_CANONICAL_OVERLAP
    here, there = _count_differences(page.fingerprint, named.fingerprint)
    most = max(page.fingerprint.word_count, named.fingerprint.word_count)
    return bool(most) and 1 - max(here, there) / most >= MIN_CANONICAL_OVERLAP


def _are_equal(page: Fingerprint, other: Fingerprint) -> bool:
    """Whether two pages with the same Markdown are duplicates: a short text may stand under many titles."""
    return page.word_count >= MIN_WORDS or page.outline == other.outline or other is _UNKNOWN


def are_near_duplicates(page: Fingerprint, other: Fingerprint) -> bool:
    """Whether two pages are near-duplicates."""
    whole = max(page.word_count, other.word_count)
    if page.outline != other.outline or min(page.word_count, other.word_count) < MIN_WORDS:
        return False
    here, there = _count_differences(page, other)
    if here + there > MAX_DIFFERENCE * whole:
        return False
    return not (here and there) or page.names == other.names != _NO_NAMES


def overlap(page: Fingerprint, other: Fingerprint) -> float:
    """Return the share of the smaller page's words that stand on the other too, 0 … 1."""
    here, there = _count_differences(page, other)
    smaller, apart = min((page.word_count, here), (other.word_count, there))
    return 1 - apart / smaller if smaller else 0.0


def _count_differences(page: Fingerprint, other: Fingerprint) -> tuple[int, int]:
    """Count the words in sentences of the one page alone, and of the other."""
    # A long page keeps only its smallest hashes, so the two compare within the range that both have in full.
    most = min(_hash_limit(page), _hash_limit(other))
    return _count_only(page, other, most), _count_only(other, page, most)


def _count_only(page: Fingerprint, other: Fingerprint, most: int) -> int:
    apart = ~np.isin(page.units, other.units, assume_unique=True) & (page.units <= np.uint64(most))
    return int(page.words[apart].sum())


def _hash_limit(page: Fingerprint) -> int:
    """Return the largest hash up to which the fingerprint has all units of the page."""
    return int(page.units[-1]) if len(page.units) >= MAX_UNITS else 2**64 - 1


_UNKNOWN = Fingerprint(0, 0, np.empty(0, np.uint64), np.empty(0, np.uint16), 0)
_NO_NAMES = hash_of("")
