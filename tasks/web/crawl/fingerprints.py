"""Fingerprints: what tells whether two pages say the same.

Made of what a visitor reads, in the processes that read pages. A page is cut into *units*: its sentences,
headings, rows and list items, lower case and without digits. Numbers and names are kept apart from them:
two pages that differ in a price, an article number or a person are two pages, however alike the rest.
Dates, times and long random ids are left out, and so is the page's own address: they differ between two
answers for the same page.
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
"""Units kept of a page."""

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*(?:\s\"[^\"\n]*\")?\)|<https?://[^>\s]*>|https?://\S+")
_MARKS = "*_`~|#>\\"
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
_DATED = re.compile(r"^[^\d\n]*\d.*", re.MULTILINE)
"""A line that may hold a date: every form of one has a digit, and most lines of a page have none."""
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
_YEAR = re.compile(r"(?:19|20|21)\d\d")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[^\W\d_a-zß-öø-ÿ]\w+")
_WORD = re.compile(r"[^\W\d_]+")


def fingerprint_of(page: ReadPage) -> Fingerprint:
    """The page's fingerprint."""
    text = _without_address(_LINK.sub(r"\1", page.markdown), page.url)
    title = _words(_without_address(page.title, page.url))
    # The title may stand on the page once more, or not: it is told once.
    headings = [words for line in _HEADING.findall(text) if (words := _words(line)) != title]
    text = _DATED.sub(lambda line: _DATE.sub(" ", line[0]), text)
    bare = text
    for mark in _MARKS:
        # Many times as fast as a regular expression for all of them.
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
        numbers=np.array(sorted(map(hash_of, _numbers_of_its_own(bare, page.url)))[:MAX_UNITS], dtype=np.uint64),
    )


def _numbers_of_its_own(text: str, url: str) -> set[str]:
    """The numbers that a list does not get by counting its pages: "page 17 of 40, next: 18" has one."""
    parts = urlsplit(url)
    in_address = map(int, re.findall(r"\d{1,15}", f"{parts.path}?{parts.query}"))
    counted = {str(number + step) for number in in_address for step in (-1, 0, 1)}
    return {number for number in _NUMBER.findall(text) if number not in counted and not _YEAR.fullmatch(number)}


def _without_address(text: str, url: str) -> str:
    """The text without the page's own path and the last part of it, which a page "not found" likes to name."""
    path = urlsplit(url).path
    for part in (url, path, path.strip("/"), path.rstrip("/").rpartition("/")[2]):
        for spelling in {part, unquote(part)}:
            if len(spelling) > 3:
                text = text.replace(spelling, " ")
    return text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def hash_of(text: str) -> int:
    """64 bits that stand for the text."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
