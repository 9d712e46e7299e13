"""URL patterns: the form that pages of one template tend to share."""

import re
from urllib.parse import parse_qsl, urlsplit

from tasks.web.crawl.urls import ROUTES

_LANGUAGE = re.compile(r"[a-z]{2}(-[a-z]{2})?", re.IGNORECASE)


def pattern_of(url: str) -> str:
    """Return the URL pattern that pages of one template tend to share: first path segment, depth, parameter names."""
    parts = urlsplit(url)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})[:3]
    query = f"?{'&'.join(names)}" if names else ""
    route = f"#{_template(parts.fragment.partition('?')[0])}" if is_route(url) else ""
    return _template(parts.path) + query + route


def _template(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment]
    kept = 2 if segments and _LANGUAGE.fullmatch(segments[0]) else 1
    kept = max(0, min(kept, len(segments) - 1))
    return "/" + "/".join(segments[:kept] + ["*"] * (len(segments) - kept))


def is_route(url: str) -> bool:
    """Whether the fragment is a route: a page that scripts render (`#/…`, `#!…`)."""
    return f"#{urlsplit(url).fragment}".startswith(ROUTES)
