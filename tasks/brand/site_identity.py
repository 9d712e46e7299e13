"""A site's name and icon, read from the HTML alone before the page is rendered."""

from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from tasks.brand.marks import best_icon
from tasks.brand.naming import site_name
from tasks.brand.probe_reading import read_probe
from tasks.core.html_source import parse_html
from tasks.core.models import Frozen

_ICONS = "link[rel~=icon i][href], link[rel~=apple-touch-icon i][href]"


class SiteIdentity(Frozen):
    """A site's name and icon from its HTML; the theme, derived later, may correct both."""

    name: str
    favicon_url: str | None


def identify_site(html: str, url: str) -> SiteIdentity:
    """Return the site's name, never empty, and its icon, by the theme's rules but from the HTML alone."""
    tree = parse_html(html)
    title = tree.css_first("title")
    icons = [
        {
            "url": urljoin(url, node.attributes.get("href") or ""),
            **{name: node.attributes.get(name) or "" for name in ("rel", "type", "sizes")},
        }
        for node in tree.css(_ICONS)
    ]
    page = read_probe(
        {
            "title": title.text() if title else "",
            "site_name": _meta(tree, "og:site_name"),
            "application_name": _meta(tree, "application-name") or _meta(tree, "apple-mobile-web-app-title"),
            "icons": icons,
        },
        url,
    )
    icon = best_icon(page)
    return SiteIdentity(name=site_name(page, url)[0], favicon_url=icon.url if icon else None)


def _meta(tree: LexborHTMLParser, name: str) -> str:
    node = tree.css_first(f'meta[property="{name}" i][content], meta[name="{name}" i][content]')
    return (node.attributes["content"] or "") if node else ""
