"""A site's name and language."""

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import urlsplit

from resiliparse.parse.lang import detect_fast

from tasks.brand.brand_evidence import ProbedPage

MAX_NAME = 80
MAX_WORDMARK = 40
MAX_MORE = 12
MIN_PROSE = 200
"""Letters needed to detect a language."""
FOREIGN_PROSE = 800
"""Distance to the nearest language (resiliparse) beyond which it is none of `_LANGUAGES`."""
CLEAR_LEAD = 60
"""Least distance by which English must be further away for an `en` in the markup to count as a mistake."""
DEFAULT_LANGUAGE = "en"

_SEPARATORS = re.compile(r"\s+[-–—|·•»:/]+\s+|\s*[|·•»—]\s*|:\s+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)
_LANGUAGES = "en de fr es it pt nl pl sv da no fi cs tr hu ro el ru uk ar he hi zh ko ja id vi th".split()  # noqa: SIM905
# Names that templates and generators give a site by default.
_GENERIC = frozenset(
    {"home", "homepage", "start", "startseite", "accueil", "inicio", "index", "welcome", "website", "site", "app"}
    | {"blog", "shop", "logo", "menu", "untitled", "mysite", "mywebsite", "wordpress", "reactapp", "viteapp"}
    | {"createnextapp", "documentation", "docs"}
)
_LOGO_WORDS = re.compile(r"\b(?:logo(?:type)?|home ?page|home|brand|icon)\b", re.IGNORECASE)
_PAGE_WORDS = re.compile(
    r"(?:^welcome to(?: the)? |\s(?:official (?:web)?site|home ?page|startseite|website)$)", re.IGNORECASE
)
_KANA = re.compile("[\u3040-\u30ff]")
_ADDRESS = re.compile(r"\s*(?:https?|javascript|vbscript|data|file|blob):", re.IGNORECASE)
# Second-level labels under which names are registered: `shop.co.uk` is `shop`.
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go"})


def site_name(page: ProbedPage, url: str, manifest_name: str = "") -> tuple[str, str]:
    """Return the name, never empty, and its place on the page."""
    for name, found in (*page.names, (manifest_name, "web app manifest")):
        if _is_plain(name) and _normalize(name) not in _GENERIC:
            return _strip_page_words(name), found
    host = _host(url)
    for name, found in _shown_names(page):
        if _is_confirmed(name, page.title, host):
            return _strip_page_words(_full_name(name, page.title)), found
    if part := _title_part(page.title, host):
        return _strip_page_words(part), "title"
    return host or "Website", "address"


def site_language(page: ProbedPage) -> tuple[str, str] | None:
    """Return the page's language as BCP 47 in canonical case (`pt-BR`), and the evidence for it.

    A clearly detected language of the text outweighs an `en` that a template left in the markup.
    """
    declared, (written, is_clear) = _declared_language(page), _written_language(page.prose)
    is_mistaken = declared is not None and declared.split("-")[0] == "en" and is_clear
    if declared and not is_mistaken:
        return declared, "lang attribute"
    return (written, "its text") if written else None


def _declared_language(page: ProbedPage) -> str | None:
    match = _LANGUAGE.match(page.language.replace("_", "-"))
    if match is None or page.language[match.end() : match.end() + 1].isalnum():
        return None
    language, *rest = match.group().split("-")
    return "-".join([language.lower(), *(p.title() if len(p) == 4 else p.upper() for p in rest)])


def _written_language(prose: str) -> tuple[str | None, bool]:
    """Detect the language of a text, and whether it is clearly not English."""
    if len(prose) >= MIN_PROSE / 4 and len(_KANA.findall(prose)) >= 0.2 * len(prose):
        return "ja", True
    if len(prose) < MIN_PROSE:
        return None, False
    found = detect_fast(prose, n_results=len(_LANGUAGES), langs=_LANGUAGES)
    distances = dict(found if isinstance(found, list) else [found])
    first = min(distances, key=lambda language: distances[language], default=None)
    if first is None or distances[first] > FOREIGN_PROSE:
        return None, False
    return first, distances.get("en", FOREIGN_PROSE) - distances[first] >= CLEAR_LEAD


def _shown_names(page: ProbedPage) -> list[tuple[str, str]]:
    """Return the names in the header: as text, or as the logo's alternative text."""
    marks = [(name, "name in the header") for name in page.wordmarks]
    marks += [(image.alt, "the logo's alternative text") for image in page.images if "home" in image.roles]
    cleaned = [(" ".join(_LOGO_WORDS.sub(" ", name).split()).strip(" -–|·:,"), found) for name, found in marks]
    return [(name, found) for name, found in cleaned if _is_plain(name) and len(name) <= MAX_WORDMARK]


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


def _title_part(title: str, host: str) -> str | None:
    """Return the shortest part of the title that matches the host; for an IP address, the last part."""
    parts = [part for piece in _SEPARATORS.split(title) if _is_plain(part := piece.strip())]
    if _is_address(host):
        return parts[-1] if parts else None
    labels = [_normalize(label) for label in _own_labels(host)]
    if len(parts) == 1 and 3 <= len(parts[0]) <= MAX_WORDMARK and _normalize(parts[0]) not in _GENERIC:
        return parts[0]
    matching = [part for part in parts if any(_matches_label(_normalize(part), label) for label in labels)]
    return min(matching, key=lambda part: (len(part), part)) if matching else None


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
