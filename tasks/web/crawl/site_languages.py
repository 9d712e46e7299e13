"""Languages of a site: which of its URLs are the same pages in another one.

A site that speaks several languages says so in its URLs, at one place: a path segment (`/de/`), the file's
name (`about.de.html`), a parameter (`?lang=de`) or the host (`de.example.com`). Two letters alone mean
little (`/it/` may be the IT department), so a place counts when the home page's links say what it is:
by `hreflang`, by the language's name as their text, or by several codes there with the page's own among
them. A link that says its language itself is believed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from resiliparse.parse.lang import detect_fast
from selectolax.lexbor import LexborHTMLParser

from tasks.core.models import FetchedPage, Link

Place = tuple[str, int]
"""Where a URL has its language: what kind of place, and which of them."""

_CODE = re.compile(r"([a-z]{2})(?:[-_]([a-z]{2}|[a-z]{4}|\d{3}))?", re.IGNORECASE)
_PARAMETERS = frozenset(("lang", "language", "locale", "hl", "lng", "l"))
_WORD = re.compile(r"[^\W\d_]{4,}")
_MAX_SEGMENTS = 3
"""The language stands near the root of a path."""
_UNSURE = 1_200
"""`detect_fast` gives distances: above this it knows nothing."""
_NAMES = dict(
    pair.split("=")
    for pair in [
        "العربية=ar",
        "български=bg",
        "català=ca",
        "čeština=cs",
        "dansk=da",
        "deutsch=de",
        "german=de",
        "ελληνικά=el",
        "english=en",
        "español=es",
        "spanish=es",
        "eesti=et",
        "فارسی=fa",
        "suomi=fi",
        "français=fr",
        "french=fr",
        "עברית=he",
        "हिन्दी=hi",
        "hrvatski=hr",
        "magyar=hu",
        "indonesia=id",
        "italiano=it",
        "italian=it",
        "日本語=ja",
        "한국어=ko",
        "lietuvių=lt",
        "latviešu=lv",
        "nederlands=nl",
        "dutch=nl",
        "norsk=no",
        "bokmål=nb",
        "polski=pl",
        "polish=pl",
        "português=pt",
        "portuguese=pt",
        "română=ro",
        "русский=ru",
        "russian=ru",
        "slovenčina=sk",
        "slovenščina=sl",
        "shqip=sq",
        "српски=sr",
        "svenska=sv",
        "ไทย=th",
        "türkçe=tr",
        "українська=uk",
        "việt=vi",
        "中文=zh",
        "简体中文=zh",
        "繁體中文=zh",
        "chinese=zh",
        "japanese=ja",
        "korean=ko",
    ]
)
_CODES = frozenset(
    [
        "af",
        "am",
        "ar",
        "az",
        "be",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "eo",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "ga",
        "gl",
        "he",
        "hi",
        "hr",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "ka",
        "kk",
        "km",
        "ko",
        "ky",
        "lt",
        "lv",
        "mk",
        "mn",
        "ms",
        "my",
        "nb",
        "ne",
        "nl",
        "nn",
        "no",
        "pl",
        "ps",
        "pt",
        "ro",
        "ru",
        "si",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "ta",
        "te",
        "th",
        "tl",
        "tr",
        "uk",
        "ur",
        "uz",
        "vi",
        "zh",
    ]
)


@dataclass(frozen=True)
class Languages:
    """Which URLs are to be read, as far as their language goes."""

    own: str = ""
    """Of the start page, lower case (`pt-br`); empty if unknown: then all are read."""
    wanted: tuple[str, ...] = ()
    """Others that are read too; `*`: all."""
    places: frozenset[Place] = frozenset()
    """Where this site's URLs have their language."""
    codes: frozenset[str] = frozenset()
    """All codes the home page links to."""

    def excludes(self, link: Link) -> bool:
        """Whether the link leads to a page in a language that is not wanted."""
        if not self.own or "*" in self.wanted:
            return False
        told = [code for place, code in _codes_in(link.url) if place in self.places]
        if link.language and link.language != "x-default":
            told.append(link.language.replace("_", "-"))
        return any(not self._is_wanted(code) for code in told)

    def _is_wanted(self, code: str) -> bool:
        return any(self._means(wish, code) for wish in (self.own, *self.wanted))

    def _means(self, wish: str, code: str) -> bool:
        """`de` is `de-AT` too, and `en-GB` as good as `en-US`, unless the site has the very one."""
        wish = wish.lower().replace("_", "-")
        return code == wish or (wish not in self.codes and code.split("-")[0] == wish.split("-")[0])


def detect_languages(page: FetchedPage, links: Iterable[Link], wanted: tuple[str, ...] = ()) -> Languages:
    """What the home page shows of its site's languages.

    A page that only offers languages has none of its own: then English is read if it is offered, or the first.
    """
    codes: dict[Place, list[str]] = defaultdict(list)
    said: set[Place] = set()
    alternates: set[str] = set()
    for link in links:
        if link.language:
            alternates.add(link.language.replace("_", "-"))
        for place, code in _codes_in(link.url):
            codes[place].append(code)
            if _says(link, code):
                said.add(place)
    own = _language_of(page)
    mine = dict(_codes_in(page.final_url))
    for place, code in mine.items():
        if own and _primary(own) == _primary(code):
            said.add(place)
            own = code
    if not own and (offered := [code for place in sorted(said) for code in codes[place]]):
        own = next((code for code in offered if _primary(code) == "en"), offered[0])
    said |= {place for place, found in codes.items() if _are_languages(found, own)}
    known = alternates.union(*(codes[place] for place in said)) | {mine[place] for place in said & set(mine)}
    return Languages(own, wanted, frozenset(said), frozenset(known))


def _primary(code: str) -> str:
    return code.split("-")[0]


def _says(link: Link, code: str) -> bool:
    """Whether the link itself says that its code is a language."""
    text = link.text.strip(" /").lower()
    return _primary(code) in (_primary(link.language), _named(text)) or text.replace("_", "-") == code


def _are_languages(codes: Iterable[str], own: str) -> bool:
    """Whether codes at one place of the site's URLs are languages: several, with the page's own among them."""
    primaries = {_primary(code) for code in codes}
    return len(primaries) > 1 and bool(own) and _primary(own) in primaries


def _codes_in(url: str) -> Iterator[tuple[Place, str]]:
    """What looks like the code of a language, by its place in the URL."""
    parts = urlsplit(url)
    segments = parts.path.split("/")[1:]
    for index, segment in enumerate(segments[:_MAX_SEGMENTS]):
        if code := _code(segment):
            yield ("segment", index), code
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


def _named(text: str) -> str:
    """The language a link's text names, alone."""
    words = re.findall(r"\w+", text.lower())
    return _NAMES.get(words[0], "") if words and len(words) <= 3 else ""


def _language_of(page: FetchedPage) -> str:
    """What the document says of its language, or else shows."""
    tree = LexborHTMLParser(page.html)
    root = tree.css_first("html")
    said = ((root.attributes.get("lang") or root.attributes.get("xml:lang")) if root else "") or ""
    if code := _code(said.strip()):
        return code
    text = tree.body.text(separator=" ") if tree.body else ""
    found, distance = detect_fast(text)
    return str(found) if distance < _UNSURE and len(_WORD.findall(text)) > 30 else ""
