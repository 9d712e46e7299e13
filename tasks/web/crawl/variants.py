"""Addresses that may be versions of a page that is known: for print or phones, through a redirect, under a word more.

What makes a version is not looked up in a list of words: any part by which several addresses differ from known ones
may be one (`/about/print`, `/amp/about`, `/about-mobile.html`, `/ABOUT`, `/shop/red/small` beside `/shop/red` and
`/shop/small`). VariantCounts are a family like others (`tasks.web.crawl.traps`): a few are read, after the page they
may be versions of, and more if they say something else. So languages, branches and editions are read whole.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tasks.web.crawl.traps import Family, FamilyKind, numbered_family

MIN_EXAMPLES = 4
"""So many addresses with the same part beside a known one are looked at as versions; fewer are read anyway."""

_AFFIX = re.compile(r"(?P<stem>.+?)(?P<mark>[-_.][a-z]\w{1,15})?(?P<extension>\.[a-z]\w{1,4})?", re.IGNORECASE)
_CHANGING = re.compile(r"(?=.*\d)[\w-]{4,}")
"""A part that is likely to be another one in every answer: `s12345x`."""

IsKnown = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Variant:
    """A page that an address may be a version of."""

    base: str
    """Its key."""
    family: Family
    """The versions that are made in this way."""
    is_sure: bool = False
    """One alone is a version already."""


def variants_of(key: str) -> Iterator[Variant]:
    """What a page may be a version of, the likeliest first; `key` is its own (`tasks.web.crawl.urls.page_key`)."""
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
    """The route of an application without what may name a place on its page: `#/guide?id=install`."""
    path, _, query = route.partition("?")
    if query:
        names = "&".join(f"{name}=…" for name in sorted(part.partition("=")[0] for part in query.split("&")))
        yield Variant(f"{address}#{path}", Family(FamilyKind.variant, f"#…?{names}"))


def _shorter(host: str, segments: list[str]) -> Iterator[Variant]:
    """The address without its last, or its first segment."""
    if len(segments) < 2:
        return
    # A name with a number is one of a series (`numbered_family`), not another name of what it stands under.
    last = segments[-1] if numbered_family("/" + segments[-1]) else _class_of(segments[-1])
    first = _class_of(segments[0])
    yield Variant("/".join((host, *segments[:-1])), Family(FamilyKind.variant, f"…/{last}"))
    yield Variant(
        "/".join((host, *segments[1:])),
        Family(FamilyKind.variant, f"/{first}/…", parent="" if len(segments) == 2 else "a way before the path"),
    )


def _without_affix(host: str, segments: list[str]) -> Iterator[Variant]:
    """The address without what stands after its last name: `-print`, `.html`, `_mobile.html`."""
    if (affix := _AFFIX.fullmatch(segments[-1])) is None:
        return
    mark, extension = affix["mark"] or "", affix["extension"] or ""
    for name in dict.fromkeys((affix["stem"] + extension, affix["stem"])):
        if name != segments[-1]:
            yield Variant("/".join((host, *segments[:-1], name)), Family(FamilyKind.variant, f"…{mark}{extension}"))


def _class_of(segment: str) -> str:
    return "…" if _CHANGING.fullmatch(segment) else segment


def combined_variant_of(key: str, is_known: IsKnown) -> Variant | None:
    """Return the variant of a path that is known without its last segment, and without one before that."""
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
    """How often each part was found by which addresses may be versions of others."""

    _sources: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By name of the family: places of the pages on which its first addresses were found."""

    def record(self, key: str, url: str, source: int) -> None:
        """Take in that an address was found on a page."""
        for family in _families(key, url):
            sources = self._sources[family.name]
            sources.append(source)
            if len(sources) > MIN_EXAMPLES:
                sources.sort()
                sources.pop()

    def variant_of(self, key: str, is_known: IsKnown, *, until: int) -> Variant | None:
        """What the address is taken for a version of, as far as pages up to an order show; most are of none."""
        if combination := combined_variant_of(key, is_known):
            return combination
        for variant in variants_of(key):
            if (variant.is_sure or self._is_usual(variant.family, until)) and is_known(variant.base):
                return variant
        return None

    def series_of(self, url: str, *, until: int) -> Family | None:
        """The family of a URL that is one of many which differ in a number at their end."""
        family = numbered_family(url)
        return family if family is not None and self._is_usual(family, until) else None

    def _is_usual(self, family: Family, until: int) -> bool:
        sources = self._sources.get(family.name, ())
        return len(sources) >= MIN_EXAMPLES and max(sources) <= until


def _families(key: str, url: str) -> set[Family]:
    """All that an address may be of."""
    series = numbered_family(url)
    return {variant.family for variant in variants_of(key)} | ({series} if series is not None else set())


def base_of(key: str, is_known: IsKnown) -> str:
    """The key of the page that an address of a family would be without what varies, if it is known; else nothing."""
    address, _, query = key.partition("?")
    if query:
        return address if is_known(address) else ""
    host, *segments = address.split("/")
    for index in reversed(range(len(segments))):
        other = "/".join((host, *segments[:index], *segments[index + 1 :]))
        if len(segments) > 1 and is_known(other):
            return other
    return ""
