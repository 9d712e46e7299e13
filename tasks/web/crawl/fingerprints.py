"""Fingerprints for near-duplicate detection, made in the processes that read pages.

A page's visible text is cut into *units*: sentences, headings, rows and list items, in lower case and without
digits. Numbers and names are kept apart from them, because two pages that differ in a price, an article number or
a person are two pages, however alike the rest. Dates, times, long random ids and the page's own address are left
out: they differ between two responses for the same page.
"""

import re
from hashlib import blake2b
from itertools import chain
from urllib.parse import unquote, urlsplit

import numpy as np

from tasks.core.models import Fingerprint, ReadPage
from tasks.core.month_names import MONTH_NAMES, STEMS
from tasks.core.sentence_ends import SENTENCE_END

MAX_UNITS = 400
"""Units kept of a page, those with the smallest hashes (bottom-k sketch)."""

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*(?:\s\"[^\"\n]*\")?\)|<https?://[^>\s]*>|https?://\S+")
_MARKUP = "*_`~|#>\\"
_BULLET = re.compile(r"^[ \t]*(?:[-+]|\d+[.)])\s", re.MULTILINE)
# "may" and "mai" are no stems: with more letters they begin other words ("maybe").
_STEMS = tuple(stem for stem in STEMS if stem not in MONTH_NAMES)
_MONTHS = "|".join(
    (*(rf"{stem}\w*" for stem in _STEMS), *(name for name in MONTH_NAMES if not name.startswith(_STEMS)))
)
_DATE = re.compile(
    r"\b\d{4}-\d\d?-\d\d?(?:[T ]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b"
    r"|\b\d\d?[./]\d\d?[./]\d{2,4}\b"
    rf"|\b\d\d?(?:st|nd|rd|th|\.)?\s(?:of\s)?(?:{_MONTHS})\.?,?(?:\s\d{{4}})?\b"
    rf"|\b(?:{_MONTHS})\.?,?\s(?:19|20|21)\d\d\b"
    rf"|\b(?:{_MONTHS})\.?\s\d\d?(?:st|nd|rd|th)?,?(?:\s\d{{4}})?\b|\b\d\d?:\d\d(?::\d\d)?(?:\s?[ap]\.?m\.?)?\b"
    r"|\b\d+\s(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\sago\b|\b(?=\w*\d)(?=\w*[a-z])[0-9a-z]{16,}\b",
    re.IGNORECASE,
)
_LINE_WITH_DIGIT = re.compile(r"^[^\d\n]*\d.*", re.MULTILINE)
"""A line that may hold a date: each form of one has a digit, and most lines have none, which saves time."""
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
_YEAR = re.compile(r"(?:19|20|21)\d\d")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[^\W\d_a-zß-öø-ÿ]\w+")
_WORD = re.compile(r"[^\W\d_]+")


def fingerprint_of(page: ReadPage) -> Fingerprint:
    """Return the page's fingerprint."""
    text = _without_address(_LINK.sub(r"\1", page.markdown), page.url)
    title = _words(_without_address(page.title, page.url))
    # A page may repeat its title as a heading or not, so it counts once.
    headings = [words for line in _HEADING.findall(text) if (words := _words(line)) != title]
    text = _LINE_WITH_DIGIT.sub(lambda line: _DATE.sub(" ", line[0]), text)
    bare = text
    for mark in _MARKUP:
        # Many times as fast as one regular expression.
        bare = bare.replace(mark, " ")
    bare = _BULLET.sub(" ", bare)
    sentences = [" ".join(words) for unit in SENTENCE_END.split(bare) if (words := _words(unit))]
    units = {hash_of(sentence): min(sentence.count(" ") + 1, 65_535) for sentence in sentences}
    kept = sorted(units)[:MAX_UNITS]
    outline = [*title, "|", *chain.from_iterable(headings), "|", *sorted(_NUMBER.findall(bare))]
    return Fingerprint(
        outline=hash_of(" ".join(outline)),
        names=hash_of(" ".join(sorted(set(_NAME.findall(text))))),
        units=np.array(kept, dtype=np.uint64),
        words=np.array([units[unit] for unit in kept], dtype=np.uint16),
        text=hash_of(" ".join([*title, "|", *sentences])),
        numbers=np.array(sorted(map(hash_of, _own_numbers(bare, page.url)))[:MAX_UNITS], dtype=np.uint64),
    )


def _own_numbers(text: str, url: str) -> set[str]:
    """Return the numbers that do not just count the pages of a list: "page 17 of 40, next: 18" has one."""
    parts = urlsplit(url)
    in_address = map(int, re.findall(r"\d{1,15}", f"{parts.path}?{parts.query}"))
    counted = {str(number + step) for number in in_address for step in (-1, 0, 1)}
    return {number for number in _NUMBER.findall(text) if number not in counted and not _YEAR.fullmatch(number)}


def _without_address(text: str, url: str) -> str:
    """Remove the page's own path and its last segment, which "not found" pages like to quote."""
    path = urlsplit(url).path
    for part in (url, path, path.strip("/"), path.rstrip("/").rpartition("/")[2]):
        for spelling in {part, unquote(part)}:
            if len(spelling) > 3:
                text = text.replace(spelling, " ")
    return text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def hash_of(text: str) -> int:
    """Return a 64-bit hash of the text."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
