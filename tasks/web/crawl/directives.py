"""Robots directives of a page: `<meta name=robots>` and the header `X-Robots-Tag`."""

import re
from collections.abc import Iterator

from tasks.core.errors import PageSkipped
from tasks.core.html_source import parse_html
from tasks.core.models import FetchedPage
from tasks.core.settings import PRODUCT

HEADER = "x_robots_tag"
"""Key of the header in a fetched page's metadata; several values are joined by commas."""

SIGNAL = "content_signal"
"""Key of the header `Content-Signal` there: what the content may be used for."""
MAX_NOINDEX_DEPTH = 1
"""Clicks from the start page up to which a page that is kept from search engines is for visitors all the same."""

_FOR_NO_MODEL = "noai", "noml"
_NO_INDEX = frozenset(("noindex", "none"))
_NO_INPUT = re.compile(r"\bai-input\s*=\s*no\b", re.IGNORECASE)
_NAMED = re.compile(r"^\s*([\w.-]+)\s*:\s*(.*)$", re.DOTALL)
_MENTIONED = re.compile(rf"<meta\s[^>]{{0,500}}(?:robots|{PRODUCT.lower()})")
_PARAMETERS = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
"""Directives that look like the name of a robot."""


def forbids_indexing(page: FetchedPage) -> bool:
    """Whether the page forbids indexing (`noindex`)."""
    return not _NO_INDEX.isdisjoint(_directives(page))


def refusal_of(page: FetchedPage, *, read_noindex: bool) -> PageSkipped | None:
    """Return the reason for not reading the page, if its directives give one: `noindex` or `no_ai`.

    `noindex` is meant for search engines: pages on refunds, terms and privacy carry it, which visitors ask about. With
    `read_noindex`, those that the start page links to are read; not if our robot is named, nor without use by AI.
    """
    directives = set(_directives(page))
    if not directives.isdisjoint(_FOR_NO_MODEL) or _NO_INPUT.search(str(page.metadata.get(SIGNAL, ""))):
        return PageSkipped("no_ai", "the page asks not to be used by AI")
    if directives.isdisjoint(_NO_INDEX):
        return None
    if not _NO_INDEX.isdisjoint(_directives_for_us(page)):
        return PageSkipped("no_ai", f"the page asks {PRODUCT} not to index it")
    if read_noindex and page.target.depth <= MAX_NOINDEX_DEPTH:
        return None
    return PageSkipped("noindex", "the page asks not to be indexed")


def forbids_following(page: FetchedPage) -> bool:
    """Whether the page forbids following its links (`nofollow`)."""
    return not {"nofollow", "none"}.isdisjoint(_directives(page))


def _directives_for_us(page: FetchedPage) -> Iterator[str]:
    return _directives(page, (PRODUCT.lower(),))


def _directives(page: FetchedPage, robots: tuple[str, ...] = ("", "robots", "*", PRODUCT.lower())) -> Iterator[str]:
    """List the directives for these robots, by default for all and for ours, in lower case."""
    yield from _in_header(str(page.metadata.get(HEADER, "")), robots)
    # Most pages have none: a cheap search saves parsing them.
    if _MENTIONED.search(page.html[:200_000].lower()):
        for node in parse_html(page.html).css("meta[name][content]"):
            if (node.attributes["name"] or "").strip().lower() in robots:
                yield from _split(node.attributes["content"] or "")


def _in_header(value: str, robots: tuple[str, ...]) -> Iterator[str]:
    """List the directives in the header; a robot's name applies to all after it: `noindex, googlebot: nofollow`."""
    robot = ""
    for part in value.split(","):
        if (named := _NAMED.match(part)) and named[1].lower() not in _PARAMETERS:
            robot, part = named[1].lower(), named[2]
        if robot in robots:
            yield from _split(part)


def _split(value: str) -> list[str]:
    return [directive.strip().lower() for directive in value.split(",")]
