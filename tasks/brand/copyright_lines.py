"""Names in copyright lines: the site's owner, and those who made the site."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

MAX_OWNER = 60
_SIGN = re.compile(r"©|\(c\)|^copyrights?\b", re.IGNORECASE)
_WORD = re.compile(r"copyrights?\b|©|\(c\)", re.IGNORECASE)
_YEARS = re.compile(r"(?:19|20)\d\d(?:\s?[-–—/]\s?(?:(?:19|20)\d\d|present|now|heute))?", re.IGNORECASE)
_END = re.compile(
    r"\s*[|•·]|\.\s|\.$|\s[-–—]\s|,?\s*(?:all rights?|alle rechte|tous droits|todos los|tutti i diritti|with love)"
    r"|\s*(?:design|template|theme|powered|made|built|developed|website|crafted|created|realizz|webdesign)\w*\b",
    re.IGNORECASE,
)
_MAKER = re.compile(
    r"(?:design|template|theme|powered|made|built|develop|website|craft|creat|distribut|webdesign)\w*"
    r"(?:\s\w+){0,3}?\s*(?:by|von|par|por|door|:)\s*(?P<name>[^|•·.,©]{2,40})",
    re.IGNORECASE,
)


def owners_of(lines: Iterable[str]) -> Iterator[str]:
    """Yield the names that the lines put beside the copyright sign, the last line's first."""
    for line in reversed(list(lines)):
        before, sign, after = _cut_at_sign(line)
        if sign:
            for text in (after, before):
                name = _END.split(_YEARS.sub(" ", text).strip(" ,.:-–—|"), maxsplit=1)[0]
                name = re.sub(r"^(?:by|von|par)\s", "", " ".join(name.split()), flags=re.IGNORECASE).strip(" ,.:-–—|")
                if 2 <= len(name) <= MAX_OWNER:
                    yield name
                    break


def makers_of(lines: Iterable[str]) -> frozenset[str]:
    """Return the names of designers and generators in the lines, letters and digits only, lower case."""
    names = (found["name"] for line in lines for found in _MAKER.finditer(line))
    return frozenset("".join(c for c in unicodedata.normalize("NFKD", name.lower()) if c.isalnum()) for name in names)


def _cut_at_sign(line: str) -> tuple[str, str, str]:
    found = _SIGN.search(line)
    if found is None:
        return line, "", ""
    after = line[found.end() :]
    while again := _WORD.match(after.lstrip(" :")):
        after = after.lstrip(" :")[again.end() :]
    return line[: found.start()], found[0], after
