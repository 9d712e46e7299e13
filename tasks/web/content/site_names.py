"""Knows names of a site from one of its pages: its head, links to its start page, that page's title, its domain."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.title_words import NOT_OWN, split_title, text_of, words_of

MAX_LINKS = 40
MAX_SITE_NAME = 40
"""Characters of a link to the start page that may be the site's name."""
_BRANDS = 'a[href="/"], a.navbar-brand'
_UPWARD = 'a[href="./"], a[href="../"], a[href="index.html"]'
"""Links to the start page of a site without folders, to the list of a folder otherwise."""


def names_on_page(tree: LexborHTMLParser, metas: dict[str, str], url: str, whole: str) -> list[str]:
    """Return names that the page gives its site: in the head, and as the text of links to the start page."""
    names = [metas.get(name, "") for name in ("og:site_name", "application-name", "apple-mobile-web-app-title")]
    parts = {words_of(part) for part in split_title(whole)}
    for link in tree.css(_BRANDS)[:MAX_LINKS]:
        names.extend(_label(link))
    for link in tree.css(_UPWARD)[:MAX_LINKS]:
        is_start = urlsplit(urljoin(url, link.attributes.get("href") or "")).path in ("/", "/index.html")
        names.extend(name for name in _label(link) if is_start or words_of(name) in parts)
    return names


def _label(link: LexborNode) -> Iterator[str]:
    picture = link.css_first("img[alt]")
    text = text_of(link) or ((picture.attributes.get("alt") or "") if picture else "")
    if text and len(text) <= MAX_SITE_NAME and text.lower() not in NOT_OWN:
        yield text


class SiteNames:
    """Names of the site, as far as a page and its start page show them."""

    def __init__(self, names: Iterable[str], host: str, home_title: str) -> None:
        self._keys = {words_of(name) for name in names} - {""}
        self._home = {words_of(part) for part in (home_title, *split_title(home_title))} - {""}
        labels = [label for label in host.lower().split(".")[:-1] if label not in ("www", "docs", "blog", "shop", "en")]
        self._labels = {re.sub(r"\W", "", label) for label in labels} - {""}

    def has(self, text: str) -> bool:
        """Whether the text names the site rather than the page."""
        key = words_of(text)
        return key in self._keys or key in self._home or key.replace(" ", "") in self._labels

    def is_like(self, text: str) -> bool:
        """Whether the text seems to name the site: it begins or ends with its name, or with its domain's."""
        words = words_of(text).split()
        if not words or len(words) > 9:
            return False
        if self.has(text) or words[0] in self._labels or "".join(words[:2]) in self._labels:
            return True
        known = [name.split() for name in (*self._keys, *self._home) if name]
        return any(_is_part(name, words) for name in known) or any(_begins_alike(name, words) for name in known)


def _begins_alike(name: list[str], words: list[str]) -> bool:
    """Whether both are long and begin with the same word, as titles about a product do."""
    return min(len(name), len(words)) > 2 and name[0] == words[0] and len(name[0]) > 3


def _is_part(name: list[str], words: list[str]) -> bool:
    """Whether the words begin or end with a known name, or differ from it in numbers alone."""
    letters = [word for word in words if not word[-1].isdigit()]
    return (
        words[: len(name)] == name
        or words[-len(name) :] == name
        or (len(letters) > 1 and letters == [word for word in name if not word[-1].isdigit()])
    )
