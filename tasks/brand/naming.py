"""A site's name."""

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from tasks.brand.brand_evidence import ProbedPage
from tasks.brand.copyright_lines import makers_of, owners_of

MAX_NAME = 80
MAX_WORDMARK = 40
MAX_MORE = 12
MAX_NAME_WORDS = 6
MAX_CALL_WORDS = 3
"""Words from which a text with a full stop is a sentence."""

_SEPARATORS = re.compile(r"\s+[-–—|·•»:/]+\s+|\s*[|·•»—]\s*|:\s+")
# Names that templates and generators give a site by default.
_GENERIC = frozenset(
    {"home", "homepage", "start", "startseite", "accueil", "inicio", "index", "welcome", "website", "site", "app"}
    | {"blog", "shop", "logo", "menu", "untitled", "mysite", "mywebsite", "wordpress", "reactapp", "viteapp"}
    | {"createnextapp", "documentation", "docs", "dashboard", "admin", "login", "template", "project", "company"}
    | {"yourcompany", "companyname", "yourcompanyname", "yourlogo", "sitename", "yoursite", "brandname", "yourbrand"}
)
_LOGO_WORDS = re.compile(r"\b(?:logo(?:type)?|home ?page|home|brand|icon)\b", re.IGNORECASE)
_PAGE_WORDS = re.compile(
    r"(?:^welcome to(?: the)? |\s(?:official (?:web)?site|home ?page|startseite|website)$)", re.IGNORECASE
)
_ADDRESS = re.compile(r"\s*(?:https?|javascript|vbscript|data|file|blob):", re.IGNORECASE)
_TEMPLATE_WORDS = re.compile(
    r"\b(?:template|theme|bootstrap|html5?|css3|responsive|landing page|coming soon|single page|one page)\b",
    re.IGNORECASE,
)
# Second-level labels under which names are registered: `shop.co.uk` is `shop`.
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go"})


def site_name(page: ProbedPage, url: str, manifest_name: str = "") -> tuple[str, str]:
    """Return the name, never empty, and its place on the page."""
    host = _host(url)
    declared = [(name, found) for name, found in (*page.names, (manifest_name, "web app manifest")) if _is_name(name)]
    for name, found in declared:
        if not _is_slogan(name):
            return _strip_page_words(name), found
    for name, found in _shown_names(page):
        if _is_confirmed(name, page.title, host):
            return _strip_page_words(_full_name(name, page.title)), found
    makers = makers_of(page.copyrights)
    for name, found in _loose_names(page, host):
        if _normalize(name) not in makers:
            return _strip_page_words(name), found
    return host or "Website", "address"


def _loose_names(page: ProbedPage, host: str) -> Iterator[tuple[str, str]]:
    """Yield names that one place alone has, the most trusted first."""
    parts = [part for piece in _SEPARATORS.split(page.title) if _is_plain(part := piece.strip())]
    if not _is_address(host) and (matching := _matching_part(parts, host)):
        yield matching, "title"
    yield from ((brand, "name in the header") for brand in page.brands if _is_short_name(brand))
    spoken = (image.alt for image in page.images if {"home", "named"} <= image.roles)
    yield from ((alt, "the logo's alternative text") for alt in map(_without_logo_words, spoken) if _is_short_name(alt))
    likely = [part for part in parts if _is_name(part) and not _TEMPLATE_WORDS.search(part)]
    if _is_address(host):
        likely.reverse()
        yield from ((part, "title") for part in sorted(likely, key=_is_slogan))
    elif len(parts) == 1 and likely and 3 <= len(likely[0]) <= MAX_WORDMARK:
        yield likely[0], "title"
    yield from ((name, "copyright line") for name in owners_of(page.copyrights) if _is_name(name))
    if _is_address(host) and parts:
        yield parts[-1], "title"


def _shown_names(page: ProbedPage) -> list[tuple[str, str]]:
    """Return the names in the header: as text, or as the logo's alternative text."""
    marks = [(name, "name in the header") for name in page.wordmarks]
    marks += [(image.alt, "the logo's alternative text") for image in page.images if "home" in image.roles]
    cleaned = [(_without_logo_words(name), found) for name, found in marks]
    return [(name, found) for name, found in cleaned if _is_plain(name) and len(name) <= MAX_WORDMARK]


def _without_logo_words(name: str) -> str:
    return " ".join(_LOGO_WORDS.sub(" ", name).split()).strip(" -–|·:,")


def _strip_page_words(name: str) -> str:
    """Remove words for the kind of page, such as `official website`."""
    return (_PAGE_WORDS.sub("", name).strip(" -–|·:,") or name)[:MAX_NAME].strip()


def _full_name(name: str, title: str) -> str:
    """Return the title's part that has the name and a word more (`Noir Studio` for `NOIR`), else the name."""
    parts = [part.strip() for part in _SEPARATORS.split(title)]
    fuller = [part for part in parts if _normalize(name) in _normalize(part) and len(part) <= len(name) + MAX_MORE]
    return min(fuller, key=lambda part: (len(part), part), default=name)


def _is_confirmed(name: str, title: str, host: str) -> bool:
    """Whether the title or the host contains the name too."""
    own = _normalize(name)
    labels = [] if _is_address(host) else [_normalize(label) for label in _own_labels(host)]
    known = own in _normalize(title) or any(_matches_label(own, label) for label in labels)
    return own not in _GENERIC and len(own) >= 2 and known


def _is_plain(name: str) -> bool:
    """Whether the text can be a name: it has letters, no markup, and is not a URL."""
    return any(c.isalnum() for c in name) and not any(c in "<>{}" for c in name) and not _ADDRESS.match(name)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")[:MAX_NAME]
    except ValueError:
        return ""


def _matching_part(parts: list[str], host: str) -> str | None:
    """Return the shortest part of the title that matches the host."""
    labels = [_normalize(label) for label in _own_labels(host)]
    matching = [part for part in parts if any(_matches_label(_normalize(part), label) for label in labels)]
    return min(matching, key=lambda part: (len(part), part)) if matching else None


def _is_name(text: str) -> bool:
    return _is_plain(text) and _normalize(text) not in _GENERIC


def _is_short_name(text: str) -> bool:
    return _is_name(text) and len(text) <= MAX_WORDMARK and not (_is_slogan(text) or _TEMPLATE_WORDS.search(text))


def _is_slogan(name: str) -> bool:
    """Whether the text is a sentence or a list of services rather than a name."""
    words = name.split()
    return len(words) > MAX_NAME_WORDS or (len(words) > MAX_CALL_WORDS and name.endswith((".", "!", "?")))


def _matches_label(part: str, label: str) -> bool:
    return min(len(part), len(label)) >= 2 and (
        part == label or (len(label) >= 3 and label in part) or (len(part) >= 3 and part in label)
    )


def _own_labels(host: str) -> list[str]:
    """Return the host's labels without the top level, and without `co` in `co.uk`."""
    labels = host.split(".")[:-1] or [host]
    return labels[:-1] if len(labels) > 1 and labels[-1] in _SECOND_LEVEL else labels


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host in ("", "localhost")
    return True


def _normalize(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if c.isalnum())
