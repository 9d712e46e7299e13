"""Languages of a site: which of its URLs show the same pages in another language.

A multilingual site writes the language into its URLs at one position: a path segment (`/de/`), the file name
(`about.de.html`), a parameter (`?lang=de`) or the host (`de.example.com`). Two letters alone prove little
(`/it/` may be the IT department), so a position counts only when links on the home page confirm it: by
`hreflang`, by the language's name as link text, or by several codes at that position with the page's own among
them. A link's own `hreflang` is believed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from babel import Locale
from babel.localedata import locale_identifiers
from resiliparse.parse.lang import detect_fast

from tasks.core.html_source import parse_html
from tasks.core.models import FetchedPage, Link

Position = tuple[str, int]
"""Position of the language in a URL: its kind and its index among those of that kind."""

_CODE = re.compile(r"([a-z]{2})(?:[-_]([a-z]{2}|[a-z]{4}|\d{3}))?", re.IGNORECASE)
_PARAMETERS = frozenset(("lang", "language", "locale", "hl", "lng", "l"))
_WORD = re.compile(r"[^\W\d_]{4,}")
_MAX_SEGMENTS = 3
"""Path segments searched for a language: it stands near the root."""
_MAX_DISTANCE = 1_200
"""Largest distance from `detect_fast` that is trusted."""
_MAX_NAME_WORDS = 3
"""Words in a link text that may be a language's name."""
# Not all of ISO 639-1: in URLs, `ch`, `ie`, `lu`, `se`, `sg` and others are countries.
_CODES = frozenset(
    """
    af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka kk km ko ky
    lt lv mk mn ms my nb ne nl nn no pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh
    """.split()  # noqa: SIM905
)
_SCRIPT = re.compile(r"_[A-Z][a-z]{3}")
"""Script in the name of a locale: `zh_Hant`."""


@dataclass(frozen=True)
class Languages:
    """Filter for URLs by their language."""

    own: str = ""
    """The start page's language, lower case (`pt-br`); if empty, nothing is excluded."""
    wanted: tuple[str, ...] = ()
    """Further languages to read; `*` for all."""
    positions: frozenset[Position] = frozenset()
    """Positions of the language in this site's URLs."""
    codes: frozenset[str] = frozenset()
    """All language codes that the home page links to."""

    def excludes(self, link: Link) -> bool:
        """Whether the link leads to a page in a language that is not wanted."""
        if not self.own or "*" in self.wanted:
            return False
        codes = [code for position, code in _codes_in(link.url) if position in self.positions]
        if link.language and link.language != "x-default":
            codes.append(link.language.replace("_", "-"))
        return any(not self._is_wanted(code) for code in codes)

    def _is_wanted(self, code: str) -> bool:
        return any(self._matches(wanted, code) for wanted in (self.own, *self.wanted))

    def _matches(self, wanted: str, code: str) -> bool:
        """Whether the code is the wanted one, or another region of its language where the site lacks the wanted one."""
        wanted = wanted.lower().replace("_", "-")
        return code == wanted or (wanted not in self.codes and _primary(code) == _primary(wanted))


def detect_languages(page: FetchedPage, links: Iterable[Link], wanted: tuple[str, ...] = ()) -> Languages:
    """Detect the languages of a site, and their positions in its URLs, from the home page.

    A home page that only offers a choice of languages has none of its own: English is read if offered, else the
    first.
    """
    codes: dict[Position, list[str]] = defaultdict(list)
    confirmed: set[Position] = set()
    alternates: set[str] = set()
    for link in links:
        if link.language:
            alternates.add(link.language.replace("_", "-"))
        for position, code in _codes_in(link.url):
            codes[position].append(code)
            if position not in confirmed and _confirms(link, code):
                confirmed.add(position)
    own = _language_of(page)
    own_codes = dict(_codes_in(page.final_url))
    for position, code in own_codes.items():
        if own and _primary(own) == _primary(code):
            confirmed.add(position)
            own = code
    if not own and (offered := [code for position in sorted(confirmed) for code in codes[position]]):
        own = next((code for code in offered if _primary(code) == "en"), offered[0])
    confirmed |= {position for position, found in codes.items() if _are_languages(found, own)}
    known = alternates.union(*(codes[position] for position in confirmed))
    known |= {own_codes[position] for position in confirmed & set(own_codes)}
    return Languages(own, wanted, frozenset(confirmed), frozenset(known))


def _primary(code: str) -> str:
    return code.split("-")[0]


def _confirms(link: Link, code: str) -> bool:
    """Whether the link's `hreflang` or text confirms that the code in its URL is a language."""
    text, language = link.text.strip(" /").lower(), _primary(code)
    return language == _primary(link.language) or text.replace("_", "-") == code or _begins_with_name(text, language)


def _are_languages(codes: Iterable[str], own: str) -> bool:
    """Whether codes at one position are languages: there are several, and the page's own is among them."""
    primaries = {_primary(code) for code in codes}
    return len(primaries) > 1 and bool(own) and _primary(own) in primaries


def _codes_in(url: str) -> Iterator[tuple[Position, str]]:
    """List possible language codes in a URL with their positions."""
    parts = urlsplit(url)
    segments = parts.path.split("/")[1:]
    for index, segment in enumerate(segments[:_MAX_SEGMENTS]):
        if code := _code(segment):
            yield ("segment", index), code
    # From the end: `about.de.html` and `team.v2.de.html` have their language at the same position.
    for index, part in enumerate(reversed(segments[-1].split(".")[1:])):
        if code := _code(part):
            yield ("file", index), code
    if parts.query:
        for name, value in parse_qsl(parts.query):
            if name.lower() in _PARAMETERS and (code := _code(value)):
                yield ("parameter", 0), code
    if code := _code((parts.hostname or "").split(".")[0]):
        yield ("host", 0), code


def _code(text: str) -> str:
    match = _CODE.fullmatch(text)
    return text.lower().replace("_", "-") if match and match[1].lower() in _CODES else ""


def _begins_with_name(text: str, language: str) -> bool:
    """Whether a short text begins with a word of the language's name: "Deutsch", "German", "Deutsch (DE)"."""
    words = _words(text)
    return 0 < len(words) <= _MAX_NAME_WORDS and words[0] in _name_words(language)


@cache
def _name_words(language: str) -> frozenset[str]:
    """Return the words of a language's names, in English and in itself, in each of its scripts."""
    # Babel loads a locale on first use and keeps it (1 MB, English 4 MB), so there is no table of all names: only the
    # languages that a site's links may mean are loaded.
    own = [name for name in locale_identifiers() if name == language or _SCRIPT.fullmatch(name.removeprefix(language))]
    names = [Locale.parse(locale).languages.get(key, "") for locale in ("en", *own) for key in {language, *own}]
    return frozenset(word for name in names for word in _words(name))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _language_of(page: FetchedPage) -> str:
    """Return the language that the document declares, or else the one detected from its text; empty if unsure."""
    tree = parse_html(page.html)
    root = tree.css_first("html")
    declared = ((root.attributes.get("lang") or root.attributes.get("xml:lang")) if root else "") or ""
    if code := _code(declared.strip()):
        return code
    text = tree.body.text(separator=" ") if tree.body else ""
    found, distance = detect_fast(text)
    return str(found) if distance < _MAX_DISTANCE and len(_WORD.findall(text)) > 30 else ""
