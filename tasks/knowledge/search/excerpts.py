"""Excerpts: the parts of a page around a hit that match the query.

Small passages are found best, but an answer often continues in the next one, or begins in the one before. So the
context of a hit is split into parts of some lines, each part is rated, and those are shown that reach a share of the
first hit's best rating: little text where few lines stand out, more where many match.

A part's rating is the sum of its own BM25, its passage's BM25 and its passage's similarity, each relative to the best
around the first hit. Nothing is embedded for it: that would take half of a search's time, or cost money.

On Chroma's chunking evaluation (`python -m tests.benchmarks chunking`, five places): recall 0.98, IoU 0.071; passages
of 200 tokens whole 0.86, 0.065, of 400 0.96, 0.035.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

from tasks.core.sentence_ends import SENTENCE_END
from tasks.knowledge.indexing.blocks import BLOCK_SEPARATOR, is_heading, is_indivisible, split_blocks
from tasks.knowledge.language.words import is_unspaced, stemmer
from tasks.knowledge.search.search_terms import SearchTerm

CONTEXT_PASSAGES = 2
"""Passages read before a hit, and after it."""
RATING_THRESHOLD = 0.4
"""Share of the best rating from which a part is shown."""
SIMILARITY_WEIGHT = 0.5
"""Weight of a passage's similarity; that of its BM25 is 1."""
PART_LENGTH = 280
"""Characters of a part: two or three sentences."""
GAP = f"{BLOCK_SEPARATOR}…{BLOCK_SEPARATOR}"
"""Separator in the place of omitted parts."""
K1, B, AVERAGE_LENGTH = 1.2, 0.75, 250
"""Parameters of BM25: term saturation, length normalization, characters of an average part."""

MAX_WHOLE_PREFIX = 3
"""Letters up to which a whole stem is the prefix of the word's forms; the last letter of a longer one may change."""

_WORD = regex.compile(r"\d+(?:[.,:]\d+)*|[\p{L}\p{M}\d]+")


class ContextPassage(NamedTuple):
    """A hit, or a passage within its context."""

    text: str
    language: str
    """Its primary subtag."""
    heading_path: list[str]
    bm25: float
    """Score of the query's terms."""
    similarity: float
    """Cosine, −1 … 1."""


@dataclass(frozen=True)
class Excerpt:
    """The text to show for a hit."""

    text: str
    best: str
    """The best rated part …"""
    heading_path: list[str]
    """… and the headings above it."""


class _Part(NamedTuple):
    """Start and end of some lines in a passage."""

    start: int
    end: int


class _RatedPart(NamedTuple):
    """A part with its rating; `at` is the index of its passage in the context."""

    at: int
    part: _Part
    rating: float


def cut_excerpts(terms: Sequence[SearchTerm], hits: Sequence[Sequence[ContextPassage]]) -> list[Excerpt]:
    """Return an excerpt of at least one part for each hit; `hits` holds the context of each, in page order.

    Ratings are relative to the first hit alone, so a lower limit gives the same excerpts.
    """
    if not hits:
        return []
    rated = [[list(_rate(terms, passage)) for passage in context] for context in hits]
    scale = _Scale.of(hits[0], rated[0])
    weighed = [list(scale.apply(context, parts)) for context, parts in zip(hits, rated, strict=True)]
    threshold = RATING_THRESHOLD * max(part.rating for part in weighed[0])
    return [_cut(context, parts, threshold) for context, parts in zip(hits, weighed, strict=True)]


@dataclass(frozen=True)
class _Scale:
    """The maxima around the first hit that ratings are relative to."""

    part: float
    bm25: float
    similarity: float

    @classmethod
    def of(cls, context: Sequence[ContextPassage], rated: Sequence[Sequence[_RatedPart]]) -> "_Scale":
        return cls(
            part=max(part.rating for parts in rated for part in parts) or 1.0,
            bm25=max(passage.bm25 for passage in context) or 1.0,
            similarity=max(0.0, *(passage.similarity for passage in context)) or 1.0,
        )

    def apply(self, context: Sequence[ContextPassage], rated: Sequence[Sequence[_RatedPart]]) -> Iterator[_RatedPart]:
        """Yield all parts with the sum of their own and their passage's ratings."""
        for at, (passage, parts) in enumerate(zip(context, rated, strict=True)):
            of_passage = passage.bm25 / self.bm25 + SIMILARITY_WEIGHT * max(0.0, passage.similarity) / self.similarity
            for part in parts:
                yield part._replace(at=at, rating=part.rating / self.part + of_passage)


def _rate(terms: Sequence[SearchTerm], passage: ContextPassage) -> Iterator[_RatedPart]:
    """Yield the passage's parts with their BM25; a passage without any of the terms is one part."""
    if passage.bm25 <= 0:
        yield _RatedPart(0, _Part(0, len(passage.text)), 0.0)
        return
    lowered, parts = _read_parts(passage.text)
    found = [
        (term.inverse_document_frequency, places)
        for term in terms
        if (places := _find_forms(lowered, passage.language, term.lexeme))
    ]
    for part in parts:
        norm = K1 * (1 - B + B * (part.end - part.start) / AVERAGE_LENGTH)
        rating = 0.0
        for idf, places in found:
            if times := bisect_left(places, part.end) - bisect_left(places, part.start):
                rating += idf * (K1 + 1) * times / (times + norm)
        yield _RatedPart(0, part, rating)


def _find_forms(lowered: str, language: str, lexeme: str) -> list[int]:
    """Return the offsets of the word's forms, found by their prefix: stemming every word takes ten times longer."""
    prefix = lexeme if len(lexeme) <= MAX_WHOLE_PREFIX else lexeme[:-1]
    places = []
    at = lowered.find(prefix)
    while at >= 0:
        if _is_form(lowered, at, language, lexeme):
            places.append(at)
        at = lowered.find(prefix, at + 1)
    return places


def _is_form(lowered: str, at: int, language: str, lexeme: str) -> bool:
    if is_unspaced(lexeme):
        return True
    word = _WORD.match(lowered, at)
    starts = not at or not lowered[at - 1].isalnum()
    return starts and word is not None and stemmer(language)(word[0]) == lexeme


def _lowered(text: str) -> str:
    """Lower the case and keep each character's offset."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)


def _cut(context: Sequence[ContextPassage], parts: Sequence[_RatedPart], threshold: float) -> Excerpt:
    best = max(parts, key=lambda part: part.rating)
    text, previous = "", -2
    for place, rated in enumerate(parts):
        if rated.rating < threshold and rated is not best:
            continue
        if text:
            text += _between(context, parts[previous], rated) if previous == place - 1 else GAP
        text += _text_of(context, rated)
        previous = place
    return Excerpt(text, _text_of(context, best), context[best.at].heading_path)


def _text_of(context: Sequence[ContextPassage], rated: _RatedPart) -> str:
    return context[rated.at].text[rated.part.start : rated.part.end]


def _between(context: Sequence[ContextPassage], before: _RatedPart, after: _RatedPart) -> str:
    return context[after.at].text[before.part.end : after.part.start] if before.at == after.at else BLOCK_SEPARATOR


@lru_cache(maxsize=5_000)
def _read_parts(text: str) -> tuple[str, tuple[_Part, ...]]:
    """Return the passage in lower case and its parts, at least one.

    Tables and code stay whole, and a heading belongs to the part below it.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        joins = spans and not is_heading(text[start:end]) and end - spans[-1][0] <= PART_LENGTH
        if joins or (spans and is_heading(text[slice(*spans[-1])])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return _lowered(text), tuple(_Part(start, end) for start, end in spans or [(0, len(text))])


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blocks; long prose is split into sentences."""
    end = 0
    for block in split_blocks(text):
        start = text.index(block, end)
        end = start + len(block)
        if len(block) <= PART_LENGTH or is_indivisible(block):
            yield start, end
            continue
        cuts = [start, *(start + match.end() for match in SENTENCE_END.finditer(block)), end]
        for first, last in pairwise(cuts):
            if text[first:last].strip():
                yield first, first + len(text[first:last].rstrip())
