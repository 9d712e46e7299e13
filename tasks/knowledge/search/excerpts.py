"""What a result shows of its page: the parts around a hit that the question is about.

Small passages are found best, but an answer often goes on in the next one, or begins in the one before. So the text
around a hit is read in parts of some lines, each is rated, and those are shown that rate at least a share of the best
hit's best: little where it is plain which lines answer, more where many may.

A part's rating is the sum of its own words (BM25) and of its passage's words and similarity, each in shares of what is
best around the first hit: nothing is embedded for it, as that would cost a search half its time, or money.

On Chroma's chunking evaluation (`python -m tests.benchmarks chunking`, five places): recall 0.98, IoU 0.071; passages
of 200 tokens whole 0.86, 0.065, of 400 0.96, 0.035.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from tasks.core.sentence_ends import SENTENCE_END
from tasks.knowledge.indexing.blocks import BLOCK_SEPARATOR, is_heading, is_indivisible, split_blocks
from tasks.knowledge.language.text_search import is_unspaced
from tasks.knowledge.language.words import configuration_stemmer
from tasks.knowledge.search.search_terms import SearchTerm

REACH = 2
"""Passages looked at before a hit, and after it."""
ENOUGH = 0.4
"""Parts are shown that have this share of the best rating."""
SIMILARITY = 0.5
"""What a passage's similarity counts beside its words."""
PART_LENGTH = 280
"""Characters: two or three sentences."""
GAP = f"{BLOCK_SEPARATOR}…{BLOCK_SEPARATOR}"
"""Stands for parts left out."""
K1, B, AVERAGE = 1.2, 0.75, 250
"""Of BM25: how soon a word's repetition counts no more, how much length does, characters of an average part."""

SHORT = 3
"""Letters up to which a word's stem is taken for the beginning of all its forms; of longer ones the last may change."""

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+")


class Around(NamedTuple):
    """A passage at a hit or near it."""

    text: str
    language: str
    """PostgreSQL's text search configuration."""
    heading_path: list[str]
    words: float
    """BM25 of the question's words."""
    similarity: float
    """Cosine, −1 … 1."""


@dataclass(frozen=True)
class Excerpt:
    """What to show of a hit."""

    text: str
    best: str
    """The part that the question is most about …"""
    heading_path: list[str]
    """… and the headings that it stands under."""


class _Part(NamedTuple):
    """Some lines of a passage: where they begin and end."""

    start: int
    end: int


class _Rated(NamedTuple):
    """A part, the passage it is of, by its place among those around the hit, and what speaks for it."""

    at: int
    part: _Part
    rating: float


def cut_excerpts(terms: Sequence[SearchTerm], hits: Sequence[Sequence[Around]]) -> list[Excerpt]:
    """An excerpt for each hit, at least one part; `hits` are the passages around each, in the page's order.

    What is shown of a hit depends on those before it alone, on the first.
    """
    if not hits:
        return []
    rated = [[list(_rate(terms, passage)) for passage in around] for around in hits]
    scale = _Scale.of(hits[0], rated[0])
    weighed = [list(scale.weigh(around, parts)) for around, parts in zip(hits, rated, strict=True)]
    enough = ENOUGH * max(part.rating for part in weighed[0])
    return [_cut(around, parts, enough) for around, parts in zip(hits, weighed, strict=True)]


@dataclass(frozen=True)
class _Scale:
    """The best of each kind around the first hit: what ratings are shares of."""

    own: float
    words: float
    similarity: float

    @classmethod
    def of(cls, around: Sequence[Around], rated: Sequence[Sequence[_Rated]]) -> "_Scale":
        return cls(
            own=max(part.rating for parts in rated for part in parts) or 1.0,
            words=max(passage.words for passage in around) or 1.0,
            similarity=max(0.0, *(passage.similarity for passage in around)) or 1.0,
        )

    def weigh(self, around: Sequence[Around], rated: Sequence[Sequence[_Rated]]) -> Iterator[_Rated]:
        """All parts with what speaks for them and for their passages."""
        for at, (passage, parts) in enumerate(zip(around, rated, strict=True)):
            whole = passage.words / self.words + SIMILARITY * max(0.0, passage.similarity) / self.similarity
            for part in parts:
                yield part._replace(at=at, rating=part.rating / self.own + whole)


def _rate(terms: Sequence[SearchTerm], passage: Around) -> Iterator[_Rated]:
    """The passage's parts, each with the BM25 of its words; one with none of the words is one part."""
    if passage.words <= 0:
        yield _Rated(0, _Part(0, len(passage.text)), 0.0)
        return
    lowered, parts = _read_parts(passage.text)
    found = [(term.rarity, places) for term in terms if (places := _places(lowered, passage.language, term.lexeme))]
    for part in parts:
        norm = K1 * (1 - B + B * (part.end - part.start) / AVERAGE)
        rating = 0.0
        for rarity, places in found:
            if times := bisect_left(places, part.end) - bisect_left(places, part.start):
                rating += rarity * (K1 + 1) * times / (times + norm)
        yield _Rated(0, part, rating)


def _places(lowered: str, language: str, lexeme: str) -> list[int]:
    """Where the text has a form of the word, in order: told by its beginning, as to stem all words takes ten times
    longer."""
    beginning = lexeme if len(lexeme) <= SHORT else lexeme[:-1]
    places = []
    at = lowered.find(beginning)
    while at >= 0:
        if _is_form(lowered, at, language, lexeme):
            places.append(at)
        at = lowered.find(beginning, at + 1)
    return places


def _is_form(lowered: str, at: int, language: str, lexeme: str) -> bool:
    if is_unspaced(lexeme):
        return True
    word = _WORD.match(lowered, at)
    starts = not at or not lowered[at - 1].isalnum()
    return starts and word is not None and configuration_stemmer(language)(word[0]) == lexeme


def _lowered(text: str) -> str:
    """In small letters, each character in its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)


def _cut(around: Sequence[Around], parts: Sequence[_Rated], enough: float) -> Excerpt:
    best = max(parts, key=lambda part: part.rating)
    text, before = "", -2
    for place, rated in enumerate(parts):
        if rated.rating < enough and rated is not best:
            continue
        if text:
            text += _between(around, parts[before], rated) if before == place - 1 else GAP
        text += _text_of(around, rated)
        before = place
    return Excerpt(text, _text_of(around, best), around[best.at].heading_path)


def _text_of(around: Sequence[Around], rated: _Rated) -> str:
    return around[rated.at].text[rated.part.start : rated.part.end]


def _between(around: Sequence[Around], before: _Rated, after: _Rated) -> str:
    return around[after.at].text[before.part.end : after.part.start] if before.at == after.at else BLOCK_SEPARATOR


@lru_cache(maxsize=5_000)
def _read_parts(text: str) -> tuple[str, tuple[_Part, ...]]:
    """The passage in small letters, and its parts, at least one.

    Tables and code are whole, and a heading is with what is below it.
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
    """Where its blocks stand, long prose by sentences."""
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
