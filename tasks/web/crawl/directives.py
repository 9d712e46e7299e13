"""Robots directives of a page: `<meta name=robots>` and the header `X-Robots-Tag`."""

import re
from collections.abc import Iterator

from tasks.core.html_source import parse_html
from tasks.core.models import FetchedPage
from tasks.core.settings import PRODUCT

HEADER = "x_robots_tag"
"""Key of the header in a fetched page's metadata; several values are joined by commas."""

_NAMED = re.compile(r"^\s*([\w.-]+)\s*:\s*(.*)$", re.DOTALL)
_MENTIONED = re.compile(rf"<meta\s[^>]{{0,500}}(?:robots|{PRODUCT.lower()})")
_PARAMETERS = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
"""Directives that look like the name of a robot."""


def forbids_indexing(page: FetchedPage) -> bool:
    """Whether the page forbids indexing (`noindex`)."""
    return not {"noindex", "none"}.isdisjoint(_directives(page))


def forbids_following(page: FetchedPage) -> bool:
    """Whether the page forbids following its links (`nofollow`)."""
    return not {"nofollow", "none"}.isdisjoint(_directives(page))


def _directives(page: FetchedPage) -> Iterator[str]:
    """List the directives for all robots and for ours, in lower case."""
    yield from _in_header(str(page.metadata.get(HEADER, "")))
    # Most pages have none: a cheap search saves parsing them.
    if _MENTIONED.search(page.html[:200_000].lower()):
        for node in parse_html(page.html).css("meta[name][content]"):
            if (node.attributes["name"] or "").strip().lower() in ("robots", PRODUCT.lower()):
                yield from _split(node.attributes["content"] or "")


def _in_header(value: str) -> Iterator[str]:
    """List the directives in the header; a robot's name applies to all after it: `noindex, googlebot: nofollow`."""
    robot = ""
    for part in value.split(","):
        if (named := _NAMED.match(part)) and named[1].lower() not in _PARAMETERS:
            robot, part = named[1].lower(), named[2]
        if robot in ("", "robots", "*", PRODUCT.lower()):
            yield from _split(part)


def _split(value: str) -> list[str]:
    return [directive.strip().lower() for directive in value.split(",")]
