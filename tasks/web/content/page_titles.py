"""Finds what visitors would call a page: its own title, without the site's name, on whichever side that stands."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.html_source import parse_html

MAX_HEADINGS = 5
MAX_LINKS = 40
MAX_TITLE_WORDS = 25
"""A longer heading is a paragraph."""
MAX_SITE_NAME = 40
"""Characters of a link to the start page that may be the site's name."""

_SPLIT = re.compile(r"\s+(?:[|\-–—·•:»«›~]|::|\|\|)\s+|\s*[|»]\s*")
_WORDS = re.compile(r"\w+")
_SIGNS = "¶#§ \t\n🔗⚓"
_NOT_OWN = frozenset(
    (
        *("home", "homepage", "home page", "startseite", "accueil", "inicio", "index", "untitled", "untitled document"),
        *("document", "page", "title", "welcome", "react app", "vite app", "new page", "default", "main page", "start"),
    )
)
"""Titles that say nothing about a page, in lower case."""
_NOT_REAL = frozenset(
    (
        *(
            "contents",
            "table of contents",
            "on this page",
            "in this article",
            "navigation",
            "menu",
            "main menu",
            "search",
        ),
        *(
            "main navigation",
            "site navigation",
            "long description",
            "description",
            "breadcrumb",
            "breadcrumbs",
            "share",
        ),
        *(
            "categories",
            "tags",
            "related",
            "see also",
            "cookies",
            "language",
            "languages",
            "skip to content",
            "sections",
        ),
    )
)
"""Headings of parts that many pages have, in lower case."""
_FILE = re.compile(r"[\w./-]*\.(?:html?|php|aspx?|jsp|md|mdx|js|ts|py|txt)", re.IGNORECASE)
_START = re.compile(r"/?(?:index\.\w+)?", re.IGNORECASE)
_MENU_LINKS = "nav a[href], header a[href], li a[href]"
MAX_MENU_LINKS = 300
_HEADINGS = "h1, h2, h3"
_FRAME = frozenset(("nav", "header", "footer", "aside", "pre", "code", "dialog"))
_ONE_OF_MANY = re.compile(r"\b(?:single|details?|page|example|sample)\b", re.IGNORECASE)
"""Words of a menu's label for one thing of many, whose own name is its heading."""
_ENDING = re.compile(r"(?:\.\w{2,5})+$")


class SiteNames:
    """Names of the site, as far as a page and its start page show them."""

    def __init__(self, names: Iterable[str], host: str, home_title: str) -> None:
        self._keys = {_key(name) for name in names} - {""}
        self._home = {_key(part) for part in (home_title, *_split(home_title))} - {""}
        labels = [label for label in host.lower().split(".")[:-1] if label not in ("www", "docs", "blog", "shop", "en")]
        self._labels = {re.sub(r"\W", "", label) for label in labels} - {""}

    def has(self, text: str) -> bool:
        """Whether the text names the site rather than the page."""
        key = _key(text)
        return key in self._keys or key in self._home or key.replace(" ", "") in self._labels

    def is_like(self, text: str) -> bool:
        """Whether the text seems to name the site: it begins or ends with its name, or with its domain's."""
        words = _key(text).split()
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


def find_title(tree: LexborHTMLParser, metas: dict[str, str], url: str, home_title: str = "") -> str:
    """Return the page's own title by its head and headings; `home_title` is that of the start page, if known.

    Empty if all that the page has for a title is the site's name, or nothing.
    """
    names = SiteNames(_site_names(tree, metas), urlsplit(url).hostname or "", home_title)
    whole = whole_title(tree, metas)
    parts = [part for part in _split(whole) if part.lower() not in _NOT_OWN and not _FILE.fullmatch(part)]
    if _is_start(url):
        return _title_of_start(whole, parts, [_text_of(node) for node in _own_headings(tree)])
    own = [part for part in parts if not names.has(part)]
    headings = [text for node in _own_headings(tree) if (text := _text_of(node))]
    real = [text for text in headings if not names.is_like(text) and text.lower() not in _NOT_REAL | _NOT_OWN]
    label = _label_of(tree, url)
    for heading in real:
        if (
            _key(heading) == _key(label)
            or heading.lower() in (part.lower() for part in parts)
            or whole.startswith(heading)
        ):
            return heading
    slug = _name_of_address(url)
    if own and not any(_shares_word(part, f"{label} {slug} {' '.join(real)}") for part in own):
        # A title that was copied from another page: heading, menu and address agree on another one.
        for other in (*real, label):
            if other and _shares_word(other, slug):
                return other
    if len(parts) > 1 and own:
        likely = [part for part in own if not names.is_like(part)] or ([label] if label else own)
        # Without a hint, the site's name stands last.
        return likely[0] if len(likely) < len(parts) or not real else real[0]
    if own and not ((real or label) and names.is_like(own[0])):
        return own[0]
    if (
        real
        and _shares_word(label, slug)
        and not _shares_word(real[0], f"{label} {slug}")
        and not _ONE_OF_MANY.search(label)
    ):
        return label  # "Contact" rather than a first heading that only greets: "Let's get connected"
    return real[0] if real else label or (own[0] if own else "")


def _shares_word(text: str, other: str) -> bool:
    """Whether the texts have a word of some length in common, in whatever number."""
    words = {word[:5] for word in _key(other).split() if len(word) > 3}
    return any(word[:5] in words for word in _key(text).split() if len(word) > 3)


def _is_start(url: str) -> bool:
    """Whether the address is that of the site's first page, and no route within it."""
    parts = urlsplit(url)
    return not parts.fragment and _START.fullmatch(parts.path) is not None


def _label_of(tree: LexborHTMLParser, url: str) -> str:
    """Return what the site's own menu calls the page: the text of a link in it that leads to the page itself."""
    own = url.partition("#")[0].rstrip("/")
    last = own.rpartition("/")[2]
    for link in tree.css(_MENU_LINKS)[:MAX_MENU_LINKS]:
        href = (link.attributes.get("href") or "").strip()
        if last and last in href and "#" not in href and _join(url, href).rstrip("/") == own:
            text = _text_of(link)
            if 1 < len(text) <= MAX_SITE_NAME and text.lower() not in _NOT_OWN:
                return text
    return ""


def _join(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return ""


def _title_of_start(whole: str, parts: list[str], headings: list[str]) -> str:
    """Return the title of a start page, which the site's name belongs to."""
    named = next((heading for heading in headings if heading.lower() in (part.lower() for part in parts)), "")
    said = whole if len(parts) == len(_split(whole)) else " – ".join(parts)
    return named or said or next((heading for heading in headings if heading), "")


def declared_title(tree: LexborHTMLParser, metas: dict[str, str]) -> str:
    """Return the heading that the head repeats, or its title: the form that the classifier has learned from."""
    whole = whole_title(tree, metas)
    parts = [part.lower() for part in _split(whole)]
    headings = [text for node in _own_headings(tree) if (text := _text_of(node))]
    repeated = (text for text in headings if whole.startswith(text) or text.lower() in parts)
    return next(repeated, whole or (headings[0] if headings else ""))


def complete_title(content: LexborNode, breadcrumbs: list[str], url: str, whole: str) -> str:
    """Return a title for a page whose head and first-level headings name none: from its content, trail or address."""
    for node in content.css(_HEADINGS)[: 4 * MAX_HEADINGS]:
        text = _text_of(node)
        if text and text.lower() not in _NOT_REAL | _NOT_OWN and text != whole and not _is_framed(node):
            return text
    if breadcrumbs and breadcrumbs[-1].lower() not in _NOT_OWN and breadcrumbs[-1] != whole:
        return breadcrumbs[-1]
    return _name_of_address(url) or whole or urlsplit(url).path


def home_title_of(html: str) -> str:
    """Return the title of a start page as it stands in the head; its first heading if the head has none."""
    tree = parse_html(html)
    whole = _text_of(tree.css_first("title"))
    return whole or _text_of(tree.css_first("h1"))


def whole_title(tree: LexborHTMLParser, metas: dict[str, str]) -> str:
    """Return the title that the head declares; empty if it declares none."""
    title = next((text for node in tree.css("head title, body > title")[:3] if (text := _text_of(node))), "")
    title = title or _text_of(tree.css_first("title:not(svg title)"))
    return title or metas.get("og:title", "") or metas.get("twitter:title", "")


def _site_names(tree: LexborHTMLParser, metas: dict[str, str]) -> list[str]:
    """Names that the page gives its site: in the head, and as the text of links to the start page."""
    names = [metas.get(name, "") for name in ("og:site_name", "application-name", "apple-mobile-web-app-title")]
    for link in tree.css('a[href="/"], a[href="./"], a[href="../"], a[href="index.html"], a.navbar-brand')[:MAX_LINKS]:
        picture = link.css_first("img[alt]")
        text = _text_of(link) or ((picture.attributes.get("alt") or "") if picture else "")
        if text and len(text) <= MAX_SITE_NAME and text.lower() not in _NOT_OWN:
            names.append(text)
    return names


def _own_headings(tree: LexborHTMLParser) -> list[LexborNode]:
    """First-level headings; if there are several, without those that are one link, which name the site."""
    headings = tree.css("h1")[:MAX_HEADINGS]
    own = [node for node in headings if (link := node.css_first("a[href]")) is None or _text_of(link) != _text_of(node)]
    return own or headings


def _is_framed(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "main", "article"):
        if parent.tag in _FRAME:
            return True
        parent = parent.parent
    return False


def _split(title: str) -> list[str]:
    return [part for piece in _SPLIT.split(title) if (part := piece.strip(" -–—|:"))]


def _text_of(node: LexborNode | None) -> str:
    text = " ".join(node.text(separator="").split()).strip() if node else ""
    text = re.sub(rf"(?:\s*[{_SIGNS}]*[¶🔗⚓§]|\s+#)+$", "", text)
    return text if len(_WORDS.findall(text)) <= MAX_TITLE_WORDS else ""


def _key(text: str) -> str:
    """Return the words of the text in lower case."""
    return " ".join(_WORDS.findall(text.lower()))


def _name_of_address(url: str) -> str:
    """Return the last segment of the address, or route, as words."""
    parts = urlsplit(url)
    path = parts.fragment.split("?")[0] if parts.fragment.strip("/!") else parts.path
    segments = [segment for segment in unquote(path).strip("/!").split("/") if segment]
    if segments and _ENDING.sub("", segments[-1]).lower() in ("index", "readme", "default"):
        segments.pop()
    name = _ENDING.sub("", segments[-1]) if segments else ""
    words = " ".join(re.split(r"[-_+\s]+", name)).strip()
    return words[:1].upper() + words[1:]
