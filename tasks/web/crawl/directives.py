"""What a page says to robots: `<meta name=robots>` and the header `X-Robots-Tag`."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from tasks.core.models import FetchedPage
from tasks.core.settings import PRODUCT

HEADER = "x_robots_tag"
"""Where a fetched page's metadata have the header, its values joined by commas."""

_NAMED = re.compile(r"^\s*([\w.-]+)\s*:\s*(.*)$", re.DOTALL)
_MENTIONED = re.compile(rf"<meta\s[^>]{{0,500}}(?:robots|{PRODUCT.lower()})")
_PARAMETERS = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
"""Directives that look like the name of a robot."""


def forbids_indexing(page: FetchedPage) -> bool:
    """Whether the page asks to be left out."""
    return not {"noindex", "none"}.isdisjoint(_directives(page))


def forbids_following(page: FetchedPage) -> bool:
    """Whether the page asks that its links be left alone."""
    return not {"nofollow", "none"}.isdisjoint(_directives(page))


def _directives(page: FetchedPage) -> Iterator[str]:
    """Directives for all robots and for ours, lower case."""
    yield from _in_header(str(page.metadata.get(HEADER, "")))
    # Most pages have none, and finding that out must not cost a parse.
    if _MENTIONED.search(page.html[:200_000].lower()):
        for node in LexborHTMLParser(page.html).css("meta[name][content]"):
            if (node.attributes["name"] or "").strip().lower() in ("robots", PRODUCT.lower()):
                yield from _split(node.attributes["content"] or "")


def _in_header(value: str) -> Iterator[str]:
    """`noindex, googlebot: nofollow, noarchive`: a name holds for what follows it."""
    robot = ""
    for part in value.split(","):
        if (named := _NAMED.match(part)) and named[1].lower() not in _PARAMETERS:
            robot, part = named[1].lower(), named[2]
        if robot in ("", "robots", "*", PRODUCT.lower()):
            yield from _split(part)


def _split(value: str) -> list[str]:
    return [directive.strip().lower() for directive in value.split(",")]
