"""What a site is called and which language it speaks."""

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import urlsplit

from tasks.brand.evidence import Looks

MAX_NAME = 80
DEFAULT_LANGUAGE = "en"

_SEPARATORS = re.compile(r"\s+[-–—|·•»:/]+\s+|\s*[|·•»—]\s*|:\s+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)
# Second-level labels under which names are registered: `shop.co.uk` is `shop`.
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go"})


def site_name(looks: Looks, url: str) -> tuple[str, str]:
    """The name and where it was found; never empty."""
    for name, found in looks.names:
        if _is_plain(name):
            return name[:MAX_NAME].strip(), found
    host = _host(url)
    if part := _title_part(looks.title, host):
        return part[:MAX_NAME].strip(), "title"
    return host or "Website", "address"


def site_language(looks: Looks) -> str | None:
    """The page's language as BCP 47 in canonical case (`pt-BR`); None without a well-formed one."""
    match = _LANGUAGE.match(looks.language.replace("_", "-"))
    if match is None or looks.language[match.end() : match.end() + 1].isalnum():
        return None
    language, *rest = match.group().split("-")
    return "-".join([language.lower(), *(p.title() if len(p) == 4 else p.upper() for p in rest)])


def _is_plain(name: str) -> bool:
    """Whether it reads as a name: letters in it, and no markup."""
    return any(c.isalnum() for c in name) and not any(c in "<>{}" for c in name)


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
