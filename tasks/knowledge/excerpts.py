"""What a result shows of its page: the parts around a hit that the question is about.

Small passages are found best, but an answer often goes on in the next one, or begins in the one before. So the text
around a hit is read in parts of some lines, each is rated, and those are shown that rate at least a share of the best
hit's best: little where it is plain which lines answer, more where many may.

A part's rating is the sum of its own words (BM25) and of its passage's words and similarity, each in shares of what is
best around the first hit: nothing is embedded for it, as that would cost a search half its time, or money.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from tasks.knowledge.answering.words import stemmer_of
from tasks.knowledge.blocks import JOINT, is_heading, is_one, split_blocks
from tasks.knowledge.languages import searchable
from tasks.knowledge.questions import Term

REACH = 2
"""Passages looked at before a hit, and after it."""
ENOUGH = 0.4
"""Parts are shown that have this share of the best rating."""
SIMILARITY = 0.5
"""What a passage's similarity counts beside its words."""
PART_LENGTH = 280
"""Characters: two or three sentences."""
GAP = f"{JOINT}…{JOINT}"
"""Stands for parts left out."""
K1, B, PART_WORDS = 1.2, 0.75, 45
"""Of BM25: how soon a word's repetition counts no more, how much a part's length does, words of an average part."""

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|(?<=\n)")


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


@dataclass(frozen=True)
class _Part:
    """Some lines of a passage."""

    start: int
    end: int
    words: Counter[str]
    """Stems."""


class _Rated(NamedTuple):
    """A part, the passage it is of, by its place among those around the hit, and what speaks for it."""

    at: int
    part: _Part
    rating: float


def cut_excerpts(terms: Sequence[Term], hits: Sequence[Sequence[Around]]) -> list[Excerpt]:
    """An excerpt for each hit, at least one part; `hits` are the passages around each, in the page's order.

    What is shown of a hit depends on those before it alone, on the first.
    """
    if not hits:
        return []
    rarity = {term.lexeme: term.rarity for term in terms}
    scale = _Scale.of(rarity, hits[0])
    rated = [list(scale.rate(rarity, around)) for around in hits]
    enough = ENOUGH * max(part.rating for part in rated[0])
    return [_cut(around, parts, enough) for around, parts in zip(hits, rated, strict=True)]


@dataclass(frozen=True)
class _Scale:
    """The best of each kind around the first hit: what ratings are shares of."""

    own: float
    words: float
    similarity: float

    @classmethod
    def of(cls, rarity: dict[str, float], around: Sequence[Around]) -> "_Scale":
        own = [_bm25(rarity, part) for passage in around for part in _read_parts(passage.text, passage.language)]
        return cls(
            own=max(own) or 1.0,
            words=max(passage.words for passage in around) or 1.0,
            similarity=max(0.0, *(passage.similarity for passage in around)) or 1.0,
        )

    def rate(self, rarity: dict[str, float], around: Sequence[Around]) -> Iterator[_Rated]:
        for at, passage in enumerate(around):
            whole = passage.words / self.words + SIMILARITY * max(0.0, passage.similarity) / self.similarity
            for part in _read_parts(passage.text, passage.language):
                yield _Rated(at, part, _bm25(rarity, part) / self.own + whole)


def _bm25(rarity: dict[str, float], part: _Part) -> float:
    norm = K1 * (1 - B + B * part.words.total() / PART_WORDS)
    return sum(rarity[word] * (K1 + 1) * times / (times + norm) for word in rarity if (times := part.words[word]))


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
    return around[after.at].text[before.part.end : after.part.start] if before.at == after.at else JOINT


@lru_cache(maxsize=5_000)
def _read_parts(text: str, language: str) -> tuple[_Part, ...]:
    """The passage's parts, at least one; tables and code are whole, and a heading is with what is below it."""
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        joins = spans and not is_heading(text[start:end]) and end - spans[-1][0] <= PART_LENGTH
        if joins or (spans and is_heading(text[slice(*spans[-1])])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(_Part(start, end, _count(text[start:end], language)) for start, end in spans or [(0, len(text))])


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where its blocks stand, long prose by sentences."""
    end = 0
    for block in split_blocks(text):
        start = text.index(block, end)
        end = start + len(block)
        if len(block) <= PART_LENGTH or is_one(block):
            yield start, end
            continue
        cuts = [start, *(start + match.end() for match in _SENTENCE_END.finditer(block)), end]
        for first, last in pairwise(cuts):
            if text[first:last].strip():
                yield first, first + len(text[first:last].rstrip())


def _count(text: str, language: str) -> Counter[str]:
    return Counter(map(stemmer_of(language), _WORD.findall(searchable(text))))
