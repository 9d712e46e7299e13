"""What a site is called and which language it speaks."""

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import urlsplit

from resiliparse.parse.lang import detect_fast

from tasks.brand.brand_evidence import Looks

MAX_NAME = 80
MAX_WORDMARK = 40
MAX_MORE = 12
MIN_PROSE = 200
"""Letters that a language can be told from."""
FOREIGN_PROSE = 800
"""Distance to the nearest language (resiliparse) beyond which it is none of `_LANGUAGES`."""
CLEAR_LEAD = 60
"""How much further English must be for an `en` in the markup to be a mistake."""
DEFAULT_LANGUAGE = "en"

_SEPARATORS = re.compile(r"\s+[-–—|·•»:/]+\s+|\s*[|·•»—]\s*|:\s+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)
_LANGUAGES = "en de fr es it pt nl pl sv da no fi cs tr hu ro el ru uk ar he hi zh ko ja id vi th".split()  # noqa: SIM905
# What templates and generators call a site before anyone has.
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


def site_name(looks: Looks, url: str, manifest_name: str = "") -> tuple[str, str]:
    """The name and where it was found; never empty."""
    for name, found in (*looks.names, (manifest_name, "web app manifest")):
        if _is_plain(name) and _squash(name) not in _GENERIC:
            return _tidy(name), found
    host = _host(url)
    for name, found in _shown_names(looks):
        if _is_confirmed(name, looks.title, host):
            return _tidy(_in_full(name, looks.title)), found
    if part := _title_part(looks.title, host):
        return _tidy(part), "title"
    return host or "Website", "address"


def site_language(looks: Looks) -> tuple[str, str] | None:
    """The page's language as BCP 47 in canonical case (`pt-BR`), and where it was found.

    What the text is clearly written in outweighs an `en` that templates leave behind.
    """
    declared, (written, is_clear) = _declared_language(looks), _written_language(looks.prose)
    is_mistaken = declared is not None and declared.split("-")[0] == "en" and is_clear
    if declared and not is_mistaken:
        return declared, "lang attribute"
    return (written, "its text") if written else None


def _declared_language(looks: Looks) -> str | None:
    match = _LANGUAGE.match(looks.language.replace("_", "-"))
    if match is None or looks.language[match.end() : match.end() + 1].isalnum():
        return None
    language, *rest = match.group().split("-")
    return "-".join([language.lower(), *(p.title() if len(p) == 4 else p.upper() for p in rest)])


def _written_language(prose: str) -> tuple[str | None, bool]:
    """The language of a text, and whether it is clearly not English."""
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


def _shown_names(looks: Looks) -> list[tuple[str, str]]:
    """Names in the header: set in type, or as the logo's alternative text."""
    marks = [(name, "name in the header") for name in looks.wordmarks]
    marks += [(image.alt, "the logo's alternative text") for image in looks.images if "home" in image.roles]
    cleaned = [(" ".join(_LOGO_WORDS.sub(" ", name).split()).strip(" -–|·:,"), found) for name, found in marks]
    return [(name, found) for name, found in cleaned if _is_plain(name) and len(name) <= MAX_WORDMARK]


def _tidy(name: str) -> str:
    """Without the words that say what kind of page it is."""
    return (_PAGE_WORDS.sub("", name).strip(" -–|·:,") or name)[:MAX_NAME].strip()


def _in_full(name: str, title: str) -> str:
    """The title's part that says the name and a word more (`Noir Studio` for `NOIR`), else the name."""
    parts = [part.strip() for part in _SEPARATORS.split(title)]
    fuller = [part for part in parts if _squash(name) in _squash(part) and len(part) <= len(name) + MAX_MORE]
    return min(fuller, key=lambda part: (len(part), part), default=name)


def _is_confirmed(name: str, title: str, host: str) -> bool:
    """Whether the title or the host has the name too."""
    own = _squash(name)
    labels = [] if _is_address(host) else [_squash(label) for label in _own_labels(host)]
    known = own in _squash(title) or any(_names(own, label) for label in labels)
    return own not in _GENERIC and len(own) >= 2 and known


def _is_plain(name: str) -> bool:
    """Whether it reads as a name: letters in it, no markup, no address."""
    return any(c.isalnum() for c in name) and not any(c in "<>{}" for c in name) and not _ADDRESS.match(name)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")[:MAX_NAME]
    except ValueError:
        return ""


def _title_part(title: str, host: str) -> str | None:
    """The shortest part of the title that names the host; where the host is an address, the last part."""
    parts = [part for piece in _SEPARATORS.split(title) if _is_plain(part := piece.strip())]
    if _is_address(host):
        return parts[-1] if parts else None
    labels = [_squash(label) for label in _own_labels(host)]
    if len(parts) == 1 and 3 <= len(parts[0]) <= MAX_WORDMARK and _squash(parts[0]) not in _GENERIC:
        return parts[0]
    naming = [part for part in parts if any(_names(_squash(part), label) for label in labels)]
    return min(naming, key=lambda part: (len(part), part)) if naming else None


def _names(part: str, label: str) -> bool:
    return min(len(part), len(label)) >= 2 and (
        part == label or (len(label) >= 3 and label in part) or (len(part) >= 3 and part in label)
    )


def _own_labels(host: str) -> list[str]:
    """The labels somebody chose: without the top level, and without `co` in `co.uk`."""
    labels = host.split(".")[:-1] or [host]
    return labels[:-1] if len(labels) > 1 and labels[-1] in _SECOND_LEVEL else labels


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host in ("", "localhost")
    return True


def _squash(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if c.isalnum())
