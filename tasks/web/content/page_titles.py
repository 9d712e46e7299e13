"""Finds what visitors would call a page: its own title, without the site's name, on whichever side that stands."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.html_source import parse_html
from tasks.web.content.site_names import MAX_SITE_NAME, SiteNames, names_on_page
from tasks.web.content.title_words import NOT_OWN, heading_of, share_word, split_title, text_of, words_of

MAX_HEADINGS = 5
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


@dataclass(frozen=True)
class _Said:
    """A page's statements about its name."""

    whole: str
    """Title in the head."""
    parts: list[str]
    """Parts of that title, without those that say nothing."""
    own: list[str]
    """Parts that are not a name of the site."""
    headings: list[str]
    """First-level headings."""
    real: list[str]
    """First-level headings that seem to name the page."""
    label: str
    """Text of the menu's link to the page."""
    slug: str
    """Last segment of the address."""


def find_title(tree: LexborHTMLParser, metas: dict[str, str], url: str, home_title: str = "") -> str:
    """Return the page's own title by its head and headings; `home_title` is that of the start page, if known.

    Empty if all that the page has for a title is the site's name, or nothing.
    """
    whole = whole_title(tree, metas)
    names = SiteNames(names_on_page(tree, metas, url, whole), urlsplit(url).hostname or "", home_title)
    parts = [part for part in split_title(whole) if part.lower() not in NOT_OWN and not _FILE.fullmatch(part)]
    headings = _first_headings(tree, url)
    if _is_start(url):
        return _title_of_start(whole, parts, headings)
    said = _Said(
        whole=whole,
        parts=parts,
        own=[part for part in parts if not names.has(part)],
        headings=headings,
        real=[text for text in headings if not names.is_like(text) and text.lower() not in _NOT_REAL | NOT_OWN],
        label=_label_of(tree, url),
        slug=_name_of_address(url),
    )
    further = (text for node in tree.css("h2")[:MAX_HEADINGS] if (text := heading_of(node)) and not _is_framed(node))
    return _agreed_title(said, names, list(further)) or _uncopied_title(said) or _likely_title(said, names)


def _agreed_title(said: _Said, names: SiteNames, further: Sequence[str]) -> str:
    """Return a heading that head or menu repeats; empty if they agree on none, or on the site's name alone."""
    own = {words_of(part): part for part in reversed(said.own)}
    repeated = [text for text in (*said.headings, *further) if words_of(text) in own]
    # A heading on all pages is mostly the last part: "Fees | Handbook of boats", with "Handbook of boats" above all.
    repeated.sort(key=lambda text: (names.is_like(text), said.own.index(own[words_of(text)])))
    if repeated and (not names.is_like(repeated[0]) or words_of(repeated[0]) == words_of(said.own[0])):
        return own[words_of(repeated[0])] if repeated[0].isupper() else repeated[0]
    hints = words_of(said.label), words_of(said.slug)
    for heading in said.real:
        if words_of(heading) in hints or _begins(heading, said.whole):
            return _without_site(heading, names)
    ends = (text for text in (*said.real, *further) if said.whole.endswith(f": {text}"))
    begins = (text for text in said.headings if names.is_like(_rest_of(said.whole, text)))
    return next(begins, next(ends, ""))


def _begins(heading: str, whole: str) -> bool:
    return f"{words_of(whole)} ".startswith(f"{words_of(heading)} ")


def _rest_of(whole: str, heading: str) -> str:
    """Return the title's words after the heading; empty if it does not begin with that."""
    return words_of(whole)[len(words_of(heading)) :] if _begins(heading, whole) else ""


def _without_site(heading: str, names: SiteNames) -> str:
    """Return the heading without a last part that names the site."""
    *rest, last = split_title(heading)
    return heading[: heading.rindex(last)].rstrip(" -–—|:·•»[") if rest and names.is_like(last) else heading


def _uncopied_title(said: _Said) -> str:
    """Return heading or label if the title was copied from another page: those and the address agree on another one."""
    if said.own and not any(share_word(part, f"{said.label} {said.slug} {' '.join(said.real)}") for part in said.own):
        return next((other for other in (*said.real, said.label) if other and share_word(other, said.slug)), "")
    return ""


def _likely_title(said: _Said, names: SiteNames) -> str:
    """Return the best of the title's parts, headings and label, which disagree."""
    own, real, label = said.own, said.real, said.label
    if len(said.parts) > 1 and own:
        likely = [part for part in own if not names.is_like(part)] or ([label] if _is_meant(said) else own)
        # Without a hint, the site's name stands last.
        return _with_subject(likely, said.slug) if len(likely) < len(said.parts) or not real else real[0]
    if own and not ((real or _is_meant(said)) and names.is_like(own[0])):
        return own[0]
    if (
        real
        and share_word(label, said.slug)
        and not share_word(real[0], f"{label} {said.slug}")
        and not _ONE_OF_MANY.search(label)
    ):
        return label  # "Contact" rather than a first heading that only greets: "Let's get connected"
    return real[0] if real else label or (own[0] if own else "")


def _is_meant(said: _Said) -> bool:
    """Whether the label is the page's rather than that of its language or date: address or title have a word of it."""
    return bool(said.label) and share_word(said.label, f"{said.slug} {said.whole}")


def _with_subject(parts: Sequence[str], slug: str) -> str:
    """Return the first part; if another one alone is in the address, both: "Tag – Boats"."""
    first, *others = parts
    if words_of(first) == words_of(slug) or share_word(first, slug):
        return first
    subject = next((part for part in others if words_of(part) == words_of(slug)), "")
    return f"{first} – {subject}" if subject else first


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
            text = text_of(link)
            if 1 < len(text) <= MAX_SITE_NAME and text.lower() not in NOT_OWN:
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
    said = whole if len(parts) == len(split_title(whole)) else " – ".join(parts)
    return named or said or next((heading for heading in headings if heading), "")


def declared_title(tree: LexborHTMLParser, metas: dict[str, str]) -> str:
    """Return the heading that the head repeats, or its title: the form that the classifier has learned from."""
    whole = whole_title(tree, metas)
    parts = [part.lower() for part in split_title(whole)]
    headings = list(_linkless_headings(tree))
    repeated = (text for text in headings if whole.startswith(text) or text.lower() in parts)
    return next(repeated, whole or (headings[0] if headings else ""))


def complete_title(content: LexborNode, breadcrumbs: list[str], url: str, whole: str) -> str:
    """Return a title for a page whose head and first-level headings name none: from its content, trail or address."""
    for node in content.css(_HEADINGS)[: 4 * MAX_HEADINGS]:
        text = heading_of(node)
        if text and text.lower() not in _NOT_REAL | NOT_OWN and text != whole and not _is_framed(node):
            return text
    if breadcrumbs and breadcrumbs[-1].lower() not in NOT_OWN and breadcrumbs[-1] != whole:
        return breadcrumbs[-1]
    return _name_of_address(url) or whole or urlsplit(url).path


def home_title_of(html: str) -> str:
    """Return the title of a start page as it stands in the head; its first heading if the head has none."""
    tree = parse_html(html)
    whole = text_of(tree.css_first("title"))
    return whole or text_of(tree.css_first("h1"))


def whole_title(tree: LexborHTMLParser, metas: dict[str, str]) -> str:
    """Return the title that the head declares; empty if it declares none."""
    title = next((text for node in tree.css("head title, body > title")[:3] if (text := text_of(node))), "")
    title = title or text_of(tree.css_first("title:not(svg title)"))
    return title or metas.get("og:title", "") or metas.get("twitter:title", "")


def _first_headings(tree: LexborHTMLParser, url: str) -> list[str]:
    """Return first-level headings; if there are several, without those that are one link to another page."""
    headings = [(node, text) for node in tree.css("h1")[:MAX_HEADINGS] if (text := heading_of(node))]
    return [text for node, text in headings if not _leads_elsewhere(node, url)] or [text for _, text in headings]


def _leads_elsewhere(heading: LexborNode, url: str) -> bool:
    link = heading.css_first("a[href]")
    if link is None or text_of(link) != text_of(heading):
        return False
    target = _join(url, (link.attributes.get("href") or "").strip())
    return urlsplit(target)[:3] != urlsplit(url)[:3]


def _linkless_headings(tree: LexborHTMLParser) -> Iterator[str]:
    """Yield first-level headings; if there are several, without those that are one link, which name the site."""
    headings = tree.css("h1")[:MAX_HEADINGS]
    own = [node for node in headings if (link := node.css_first("a[href]")) is None or text_of(link) != text_of(node)]
    yield from (text for node in own or headings if (text := text_of(node)))


def _is_framed(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "main", "article"):
        if parent.tag in _FRAME:
            return True
        parent = parent.parent
    return False


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
