"""Texts of a page that may be the site's name, with the place of each."""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tasks.brand.brand_evidence import ProbedPage
from tasks.brand.copyright_lines import owners_of

MAX_WORDMARK = 40
MAX_NAME_WORDS = 6
MAX_CALL_WORDS = 3
"""Words from which a text with a full stop is a sentence."""
MIN_SLUG_HYPHENS = 3
"""Hyphens from which a title without spaces is a file's name rather than a double-barrelled name."""

_SEPARATORS = re.compile(r"\s+[-–—|·•»:/]+\s+|\s*[|·•»—]\s*|(?<=\w)[:-]\s+")
# Names that templates and generators give a site by default.
_GENERIC = frozenset(
    {"home", "homepage", "start", "startseite", "accueil", "inicio", "index", "welcome", "website", "site", "app"}
    | {"blog", "shop", "logo", "menu", "untitled", "mysite", "mywebsite", "wordpress", "reactapp", "viteapp", "icon"}
    | {"createnextapp", "documentation", "docs", "dashboard", "admin", "login", "template", "project", "company"}
    | {"yourcompany", "companyname", "yourcompanyname", "yourlogo", "sitename", "yoursite", "brandname", "yourbrand"}
    | {"websitename", "reserved", "allrightsreserved", "name", "brand", "image", "img", "copyright", "picture"}
)
_PLACEHOLDER = re.compile(
    r"(?:copyright )?(?:your|my)(?: (?:web ?site|site|company|brand|business|name|logo)\b|$)", re.IGNORECASE
)
_LOGO_WORDS = re.compile(r"\b(?:logo(?:type)?|home ?page|home|brand|icon)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*(?:https?|javascript|vbscript|data|file|blob):", re.IGNORECASE)
# Words of which one alone describes a template; a site may well be called `React Bootstrap`.
_TEMPLATE_WORDS = re.compile(
    r"\b(?:templates?|theme|html5?|css3|responsive|landing page|coming soon|single page|one page)\b"
    r"|\bfree\b.*\bbootstrap\b|\bbootstrap\b.*\bfree\b",
    re.IGNORECASE,
)
_TEMPLATE_TAIL = re.compile(
    r"(?:^|[\s,–-]+)(?:(?:(?<=\s)an?|free|premium|modern|html\d?|css\d?|bootstrap|tailwind|responsive|multi-?purpose|"
    r"one[ -]?page|single[ -]?page|landing|web|website|site|page|template|theme|coming soon)\b[\s,&+-]*\d*\s*)+.*$",
    re.IGNORECASE,
)


class Place(StrEnum):
    """Places of a page that name its site, independent of each other."""

    declared = "declared"
    brand = "brand"
    header = "header"
    logo = "logo"
    head = "title"
    copyright = "copyright"


class NameCandidate(NamedTuple):
    """A text that may be the name."""

    name: str
    place: Place
    found: str
    """Description of the place, for people."""
    is_cut: bool = False
    """Whether a description of a template was cut off."""


def name_candidates(page: ProbedPage, manifest_name: str) -> Iterator[NameCandidate]:
    """Yield the texts that can be a name; the place with the most reliable form of names first."""
    declared = ((name, Place.declared, found) for name, found in (*page.names, (manifest_name, "web app manifest")))
    brands = ((name, Place.brand, "name in the header") for name in page.brands)
    headers = ((name, Place.header, "name in the header") for name in page.wordmarks)
    spoken = (
        (image.alt, Place.logo, "the logo's alternative text")
        for image in page.images
        if "home" in image.roles or {"header", "named"} <= image.roles
    )
    titles = ((part, Place.head, "title") for part in title_parts(page.title))
    owners = ((name, Place.copyright, "copyright line") for name in owners_of(page.copyrights))
    for text, place, found in (*declared, *brands, *headers, *spoken, *titles, *owners):
        name = _bare(text, place)
        whole, name = name, _without_template_words(name) if place in (Place.head, Place.logo) else name
        if is_name(name) and (place in (Place.declared, Place.head) or len(name) <= MAX_WORDMARK):
            yield NameCandidate(name, place, found, name != whole)


def title_parts(title: str) -> list[str]:
    """Return the parts of a title between its separators; a file's name is written with spaces."""
    if " " not in title and title.count("-") >= MIN_SLUG_HYPHENS:
        title = title.replace("-", " ")
    return [part for piece in _SEPARATORS.split(title) if is_plain(part := piece.strip())]


def is_plain(name: str) -> bool:
    """Whether the text can be a name: it has letters, no markup, and is not a URL."""
    return any(c.isalnum() for c in name) and not any(c in "<>{}" for c in name) and not _ADDRESS.match(name)


def is_name(text: str) -> bool:
    """Whether the text can be a name, and is not one that any site could have."""
    return is_plain(text) and key_of(text) not in _GENERIC and not _PLACEHOLDER.match(text)


def is_slogan(name: str) -> bool:
    """Whether the text is a sentence or a list of services rather than a name."""
    words = name.split()
    return len(words) > MAX_NAME_WORDS or (len(words) > MAX_CALL_WORDS and name.endswith((".", "!", "?")))


def key_of(text: str) -> str:
    """Return the text's letters and digits in lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if c.isalnum())


def _bare(name: str, place: Place) -> str:
    """Return a wordmark without brackets around it, an alternative text without the words by which it calls a logo."""
    name = re.sub("[™®]", "", name)
    if place is Place.logo:
        name = " ".join(_LOGO_WORDS.sub(" ", name).split())
    return name.strip(" -–|·:,[](){}") if place in (Place.brand, Place.header, Place.logo) else name.strip()


def _without_template_words(name: str) -> str:
    """Return the name before the description of a template (`Constra` in `Constra HTML5 Template`); may be empty."""
    return _TEMPLATE_TAIL.sub("", name).strip(" -–|·:,&") if _TEMPLATE_WORDS.search(name) else name
