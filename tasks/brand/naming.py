"""A site's name: the text that most of the page's places agree on.

Each place has one vote, however often it has the name; votes are combined by noisy-OR: 1 − ∏(1 − vote).
"""

import math
import re
from collections.abc import Iterable
from ipaddress import ip_address
from itertools import pairwise
from urllib.parse import urlsplit

from tasks.brand.brand_evidence import ProbedPage
from tasks.brand.copyright_lines import makers_of
from tasks.brand.name_candidates import (
    MAX_WORDMARK,
    NameCandidate,
    Place,
    is_slogan,
    key_of,
    name_candidates,
    title_parts,
)

MAX_NAME = 80
MAX_MORE = 12
"""Characters by which the title's form of a name may be longer than the header's."""
MIN_SCORE = 0.1
"""Least score of a name on a site without a domain."""
MIN_LONE = 0.34
"""Least score of a name on a site with a domain, which is the name otherwise."""

_VOTES = {
    Place.declared: 0.6,
    Place.brand: 0.5,
    Place.header: 0.3,
    Place.logo: 0.35,
    Place.head: 0.3,
    Place.copyright: 0.35,
}
_WHOLE_TITLE = 0.36
_LAST_PART = 0.31
_HOST = 0.5
_HANDLE = 0.25
_PROSE = 0.25
_IN_PART = 0.7
"""Factor on the vote of a place that has a part of the name, or more than it."""
_CUT = 0.2
"""Vote of a title or alternative text that mostly describes the template."""
_SLOGAN = 0.25
_MAKER = 0.15
_LONG = 0.6
_MIN_LETTERS = 3
"""Letters from which a part of a name is recognised."""

_PAGE_WORDS = re.compile(
    r"(?:^welcome to(?: the)? |\s(?:official (?:web)?site|home ?page|startseite|website)$)", re.IGNORECASE
)
# Second-level labels under which names are registered: `shop.co.uk` is `shop`.
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go"})
# Providers of mailboxes, and domains of examples: they name no site.
_ANYBODYS = frozenset(
    ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "mail", "email", "web", "gmx", "example", "domain")
)


def site_name(page: ProbedPage, url: str, manifest_name: str = "") -> tuple[str, str]:
    """Return the name, never empty, and its place on the page."""
    host = _host(url)
    candidates = list(name_candidates(page, manifest_name))
    makers = makers_of(page.copyrights)
    scores = [_score(candidate, candidates, page, host, makers) for candidate in candidates]
    best = max(range(len(candidates)), key=lambda at: scores[at], default=None)
    if best is None or scores[best] < (MIN_SCORE if _is_address(host) else MIN_LONE):
        return host or "Website", "address"
    name, place, found, _ = candidates[best]
    full = _full_name(name, candidates) if place in (Place.brand, Place.header, Place.logo) else name
    return _strip_page_words(full), found


def _score(
    candidate: NameCandidate, others: Iterable[NameCandidate], page: ProbedPage, host: str, makers: frozenset[str]
) -> float:
    """Return how likely the candidate is the name, 0 … 1."""
    name = candidate.name
    votes = dict.fromkeys(Place, 0.0)
    for other in others:
        votes[other.place] = max(votes[other.place], _vote(other, page) * _agreement(name, other.name))
    own = key_of(name)
    labels = () if _is_address(host) else _own_labels(host)
    against = [1 - vote for vote in votes.values()]
    against += [1 - _HOST * any(_matches_label(own, key_of(label)) for label in labels)]
    against += [1 - _HANDLE * any(_matches_label(own, handle) for handle in map(_handle_name, page.handles))]
    against += [1 - _PROSE * _is_in_a_sentence(name, page.prose)]
    doubt = (_SLOGAN if is_slogan(name) else 1.0) * (_MAKER if _is_maker(own, makers) else 1.0)
    doubt *= _LONG if len(name) > MAX_WORDMARK and candidate.place is not Place.declared else 1.0
    return round((1 - math.prod(against)) * doubt, 6)


def _vote(candidate: NameCandidate, page: ProbedPage) -> float:
    if candidate.is_cut:
        return _CUT
    if candidate.place is not Place.head:
        return _VOTES[candidate.place]
    parts = title_parts(page.title)
    if len(parts) == 1 and _MIN_LETTERS <= len(candidate.name) <= MAX_WORDMARK:
        return _WHOLE_TITLE
    # Without any other hint, the site's name stands last.
    return _LAST_PART if parts[-1].startswith(candidate.name) else _VOTES[Place.head]


def _agreement(name: str, other: str) -> float:
    """Return 1 if both are the same name, less if one is a part of the other, else 0."""
    one, two = key_of(name), key_of(other)
    if one == two:
        return 1.0
    short, long = sorted(([key_of(w) for w in name.split()], [key_of(w) for w in other.split()]), key=len)
    if min(len(one), len(two)) < _MIN_LETTERS:
        return 0.0
    starts = range(len(long) - len(short) + 1)
    return _IN_PART if any(long[at : at + len(short)] == short for at in starts) else 0.0


def _is_in_a_sentence(name: str, prose: str) -> bool:
    """Whether the name, in its own spelling, stands beside words in small letters."""
    if len(name) < _MIN_LETTERS or not name[0].isupper() or re.search(rf"\b{re.escape(name.lower())}\b", prose):
        return False  # a common noun
    pieces = prose.split(name)
    return any(
        re.search(r"[a-z,] $", before) or (" " in name and re.match(r"(?:['’]s)? [a-z]{2,}", after))
        for before, after in pairwise(pieces)
        if not before[-1:].isalnum() and not after[:1].isalnum()
    )


def _is_maker(own: str, makers: frozenset[str]) -> bool:
    """Whether a designer or generator has the name, or a domain of that name."""
    return any(maker == own or (len(own) > _MIN_LETTERS and maker.startswith(own)) for maker in makers)


def _strip_page_words(name: str) -> str:
    """Remove words for the kind of page, such as `official website`."""
    return (_PAGE_WORDS.sub("", name).strip(" -–|·:,") or name)[:MAX_NAME].strip()


def _full_name(name: str, candidates: Iterable[NameCandidate]) -> str:
    """Return the title's or owner's form with a word more (`Noir Studio` for `NOIR`), else the name."""
    written = [other.name for other in candidates if other.place in (Place.head, Place.copyright)]
    fuller = [form for form in written if key_of(name) in key_of(form) and len(form) <= len(name) + MAX_MORE]
    return min(fuller, key=lambda form: (len(form), form), default=name)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")[:MAX_NAME]
    except ValueError:
        return ""


def _matches_label(part: str, label: str) -> bool:
    return min(len(part), len(label)) >= 2 and (
        part == label or (len(label) >= 3 and label in part) or (len(part) >= 3 and part in label)
    )


def _handle_name(handle: str) -> str:
    """Return the name in a mail address's domain or in a profile's address; empty for anybody's."""
    _, at, domain = handle.partition("@")
    label = _own_labels(domain)[-1] if at and "/" not in handle else handle.split("?")[0].rstrip("/").rpartition("/")[2]
    key = key_of(label)
    return "" if key in _ANYBODYS or len(key) <= _MIN_LETTERS else key


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
