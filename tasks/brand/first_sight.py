"""What can be told of a site from its document alone, before it is drawn: its name and its icon."""

from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from tasks.brand.marks import best_icon
from tasks.brand.naming import site_name
from tasks.brand.probe_reading import parse_looks
from tasks.core.models import Frozen

_ICONS = "link[rel~=icon i][href], link[rel~=apple-touch-icon i][href]"


class Sight(Frozen):
    """A site as its document announces it; the theme may know better."""

    name: str
    favicon_url: str | None


def first_sight(html: str, url: str) -> Sight:
    """The site's name, never empty, and its icon: by the rules of the theme, from less."""
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    icons = [
        {
            "url": urljoin(url, node.attributes.get("href") or ""),
            **{name: node.attributes.get(name) or "" for name in ("rel", "type", "sizes")},
        }
        for node in tree.css(_ICONS)
    ]
    looks = parse_looks(
        {
            "title": title.text() if title else "",
            "site_name": _meta(tree, "og:site_name"),
            "application_name": _meta(tree, "application-name") or _meta(tree, "apple-mobile-web-app-title"),
            "icons": icons,
        },
        url,
    )
    icon = best_icon(looks)
    return Sight(name=site_name(looks, url)[0], favicon_url=icon.url if icon else None)


def _meta(tree: LexborHTMLParser, name: str) -> str:
    node = tree.css_first(f'meta[property="{name}" i][content], meta[name="{name}" i][content]')
    return (node.attributes["content"] or "") if node else ""
