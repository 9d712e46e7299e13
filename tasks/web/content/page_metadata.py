"""Extracts page metadata: description, language, dates, author, breadcrumbs."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.models import FetchedPage
from tasks.web.content.structured import Structured

MAX_NAME_CHARACTERS = 100
"""Longer texts are not an author's name or a breadcrumb."""
MAX_LINK_WORDS = 10
"""Words of a link up to which it is an entry of a list, and not a card."""

_PUBLISHED = "article:published_time", "date", "dc.date", "dc.date.issued", "pubdate", "publish-date", "citation_date"
_MODIFIED = "article:modified_time", "og:updated_time", "last-modified", "dc.date.modified"
_PUBLISHED_TIME = "time[itemprop=datePublished], time[pubdate], time.published, time.entry-date"
_MODIFIED_TIME = "time[itemprop=dateModified], time.updated"
_FORMATS = "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d", "%Y%m%d"
_TRAIL = (
    "nav[aria-label*=breadcrumb i], .breadcrumb, .breadcrumbs, [itemtype$=BreadcrumbList], [role=navigation].crumbs"
)
_STEP = "li, [itemprop=itemListElement], a"
_AUTHOR = "[rel=author], [itemprop=author] [itemprop=name], [itemprop=author]"


def find_metadata(
    tree: LexborHTMLParser, metas: dict[str, str], page: FetchedPage, structured: Structured
) -> dict[str, Any]:
    """Return metadata from the fetch and from the page's markup; empty values are left out."""
    html = tree.css_first("html")
    canonical = tree.css_first("link[rel=canonical]")
    found = {
        **page.metadata,
        "description": metas.get("description") or metas.get("og:description"),
        "language": ((html.attributes.get("lang") if html else None) or "").strip()
        or metas.get("og:locale", "").replace("_", "-"),
        "canonical": _join(find_base(tree, page.final_url), canonical.attributes.get("href") or "")
        if canonical
        else "",
        "published": _date(structured.published, *map(metas.get, _PUBLISHED), _time(tree, _PUBLISHED_TIME)),
        "modified": _date(structured.modified, *map(metas.get, _MODIFIED), _time(tree, _MODIFIED_TIME)),
        "author": structured.author or _author(tree, metas),
        "breadcrumbs": list(structured.breadcrumbs) or _breadcrumbs(tree),
        "method": str(page.method),
        "escalated": page.escalated,
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def find_base(tree: LexborHTMLParser, url: str) -> str:
    """Return the URL that the document's links are relative to: its own, or that of its `base` element."""
    base = tree.css_first("base[href]")
    return _join(url, (base.attributes.get("href") or "").strip()) or url if base else url


def link_share(main: LexborNode) -> float:
    """Return the share of the content's words that are in links of a few words: contents, indexes, menus.

    Longer links are whole cards, whose text is said nowhere else.
    """
    words = len((main.text(separator=" ") or "").split())
    linked = [len((link.text(separator=" ") or "").split()) for link in main.css("a[href]")]
    return sum(count for count in linked if count <= MAX_LINK_WORDS) / words if words else 0.0


def read_metas(tree: LexborHTMLParser) -> dict[str, str]:
    """Return meta elements' contents by lower-case name or property; the first non-empty one of each."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        content = " ".join((attributes.get("content") or "").split())
        for key in (attributes.get("name"), attributes.get("property")):
            if key and content:
                found.setdefault(key.lower().strip(), content)
    return found


def _join(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return ""


def _time(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    return (node.attributes.get("datetime") or node.attributes.get("content") or "") if node else ""


def _date(*candidates: str | None) -> str:
    """Return the first candidate that is a date, as ISO 8601."""
    for candidate in candidates:
        if candidate and (value := candidate.strip()) and (found := parse_date(value)):
            return found
    return ""


def parse_date(value: str) -> str:
    """Return the date as ISO 8601, with the time if the value has one; empty if it is not a date."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.date().isoformat() if len(value) <= len("2024-01-31") else moment.isoformat()
    except ValueError:
        pass
    # A day that is none, such as 2026-02-30, is not tried twice.
    if (day := re.match(r"\d{4}-\d\d-\d\d(?!\d)", value)) and day[0] != value:
        return parse_date(day[0])
    for pattern in _FORMATS:
        try:
            return datetime.strptime(value, pattern).date().isoformat()
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(value).isoformat()
    except (ValueError, OverflowError):
        return ""


def _author(tree: LexborHTMLParser, metas: dict[str, str]) -> str:
    name = metas.get("author") or _text(tree.css_first(_AUTHOR)) or metas.get("article:author", "")
    return name if len(name) <= MAX_NAME_CHARACTERS and not name.startswith("http") else ""


def _breadcrumbs(tree: LexborHTMLParser) -> list[str]:
    trail = tree.css_first(_TRAIL)
    if trail is None:
        return []
    names = dict.fromkeys(_text(step).strip("/›»>| ") for step in trail.css(_STEP))
    return [name for name in names if name and len(name) <= MAX_NAME_CHARACTERS][:20]


def _text(node: LexborNode | None) -> str:
    return " ".join(node.text().split()) if node else ""
