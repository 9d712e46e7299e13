"""Variants: addresses that may show a known page in another form, for print, for phones or through a redirect.

There is no list of words for this. A part of an address makes a variant when several addresses (`MIN_EXAMPLES`)
differ from known pages by just that part: `/about/print`, `/amp/about`, `/about-mobile.html`. Two forms are sure
with one example: the same in capitals (`/ABOUT`), and a path that combines two known ones (`/shop/red/small`
beside `/shop/red` and `/shop/small`). Variants are families like others (`tasks.web.crawl.traps`): a few are read,
after their base page, and more if they say something else. So languages, branches and editions are read whole.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tasks.web.crawl.traps import Family, FamilyKind, numbered_family

MIN_EXAMPLES = 4
"""Addresses with the same part beside known pages that make it a variant; fewer are read in any case."""

_AFFIX = re.compile(r"(?P<stem>.+?)(?P<mark>[-_.][a-z]\w{1,15})?(?P<extension>\.[a-z]\w{1,4})?", re.IGNORECASE)
_RANDOM = re.compile(r"(?=.*\d)[\w-]{4,}")
"""A part that is likely to change with every response: `s12345x`."""

IsKnown = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Variant:
    """The base page that an address may be a variant of, and the pattern by which it differs."""

    base: str
    """Page key of the base page."""
    family: Family
    """Family of all variants with this pattern."""
    is_sure: bool = False
    """One example is enough."""


def variants_of(key: str) -> Iterator[Variant]:
    """List what the page with this key (`tasks.web.crawl.urls.page_key`) may be a variant of, likeliest first."""
    address, _, route = key.partition("#")
    if route:
        yield from _without_parameters(address, route)
        return
    host, *segments = address.split("/")
    if "?" in key or not segments:
        return
    if address != address.lower():
        yield Variant(address.lower(), Family(FamilyKind.variant, "the same in capitals"), is_sure=True)
    yield from _shorter(host, segments)
    yield from _without_affix(host, segments)


def _without_parameters(address: str, route: str) -> Iterator[Variant]:
    """Drop the query of an application's route, which may name a position on its page: `#/guide?id=install`."""
    path, _, query = route.partition("?")
    if query:
        names = "&".join(f"{name}=…" for name in sorted(part.partition("=")[0] for part in query.split("&")))
        yield Variant(f"{address}#{path}", Family(FamilyKind.variant, f"#…?{names}"))


def _shorter(host: str, segments: list[str]) -> Iterator[Variant]:
    """Drop the last or the first segment of the path."""
    if len(segments) < 2:
        return
    # Chapters of a book are no variants of its cover: a numbered name belongs to a series (`numbered_family`).
    last = segments[-1] if numbered_family("/" + segments[-1]) else _pattern_of(segments[-1])
    first = _pattern_of(segments[0])
    yield Variant("/".join((host, *segments[:-1])), Family(FamilyKind.variant, f"…/{last}"))
    yield Variant(
        "/".join((host, *segments[1:])),
        Family(FamilyKind.variant, f"/{first}/…", parent="" if len(segments) == 2 else "a segment before the path"),
    )


def _without_affix(host: str, segments: list[str]) -> Iterator[Variant]:
    """Drop the suffix of the last segment: `-print`, `.html`, `_mobile.html`."""
    if (affix := _AFFIX.fullmatch(segments[-1])) is None:
        return
    mark, extension = affix["mark"] or "", affix["extension"] or ""
    for name in dict.fromkeys((affix["stem"] + extension, affix["stem"])):
        if name != segments[-1]:
            yield Variant("/".join((host, *segments[:-1], name)), Family(FamilyKind.variant, f"…{mark}{extension}"))


def _pattern_of(segment: str) -> str:
    return "…" if _RANDOM.fullmatch(segment) else segment


def combined_variant_of(key: str, is_known: IsKnown) -> Variant | None:
    """Return the variant of a path that is known without its last segment, and without one before that too."""
    host, *segments = key.partition("?")[0].split("/")
    parent = "/".join((host, *segments[:-1]))
    if len(segments) < 3 or not is_known(parent):
        return None
    for index in range(1, len(segments) - 1):
        other = "/".join((host, *segments[:index], *segments[index + 1 :]))
        if is_known(other):
            return Variant(parent, Family(FamilyKind.combined, f"/{segments[0]}/…/…"), is_sure=True)
    return None


@dataclass
class VariantCounts:
    """Examples found of each pattern by which addresses may be variants."""

    _sources: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Crawl orders of the pages with the first `MIN_EXAMPLES` addresses of a family, by its name."""

    def record(self, key: str, url: str, source: int) -> None:
        """Record that an address was found on a page."""
        for family in _families(key, url):
            sources = self._sources[family.name]
            sources.append(source)
            # The lowest orders are kept, not the first to come: what counts must not depend on loading times.
            if len(sources) > MIN_EXAMPLES:
                sources.sort()
                sources.pop()

    def variant_of(self, key: str, is_known: IsKnown, *, until: int) -> Variant | None:
        """Return the variant that an address is taken for, by links on pages up to a crawl order; most are none."""
        if combination := combined_variant_of(key, is_known):
            return combination
        for variant in variants_of(key):
            if (variant.is_sure or self._is_frequent(variant.family, until)) and is_known(variant.base):
                return variant
        return None

    def series_of(self, url: str, *, until: int) -> Family | None:
        """Return the family of a URL that belongs to a series, many URLs that differ in a number at their end."""
        family = numbered_family(url)
        return family if family is not None and self._is_frequent(family, until) else None

    def _is_frequent(self, family: Family, until: int) -> bool:
        sources = self._sources.get(family.name, ())
        return len(sources) >= MIN_EXAMPLES and max(sources) <= until


def _families(key: str, url: str) -> set[Family]:
    """Return all families that an address may belong to."""
    series = numbered_family(url)
    return {variant.family for variant in variants_of(key)} | ({series} if series is not None else set())


def base_of(key: str, is_known: IsKnown) -> str:
    """Return the key of the known page that an address is without its varying part; empty if there is none."""
    address, _, query = key.partition("?")
    if query:
        return address if is_known(address) else ""
    host, *segments = address.split("/")
    for index in reversed(range(len(segments))):
        other = "/".join((host, *segments[:index], *segments[index + 1 :]))
        if len(segments) > 1 and is_known(other):
            return other
    return ""
