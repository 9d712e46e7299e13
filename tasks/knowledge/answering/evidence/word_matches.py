"""Word matches: each content word of a question against the words of a statement, of its headings and of its page.

A word matches fully by itself or its stem, else by the cosine of the nearest word; names and numbers only by
themselves. The question's rarest word is told apart: where the site never says it, nothing else makes up for it.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.knowledge.answering.evidence.synonyms import word_cosines
from tasks.knowledge.answering.question.question_analysis import Question
from tasks.knowledge.language.words import read_words, stemmer

UNMATCHED = 0.45
"""Match below which a word counts as not said: other words of one field reach it at most (`synonyms`)."""

Matches = NDArray[np.float32]
"""A match for each of the question's terms, 0 … 1."""


class MatchFeatures(NamedTuple):
    """The features by word matches; all 0 for a question without content words."""

    near: float = 0.0
    """Mean match of the words, rare ones more than common ones, in the statement …"""
    near_window: float = 0.0
    """… and in statement, context and headings."""
    rarest: float = 0.0
    """Match of the rarest word in the statement …"""
    rarest_window: float = 0.0
    """… in statement, context and headings …"""
    rarest_site: float = 0.0
    """… and in all that was read of the site."""
    unmatched: float = 0.0
    """Share of the words, common ones as much as rare ones, that statement, context and headings do not say."""


class WordMatcher:
    """Matches a question's terms in sets of words."""

    def __init__(self, question: Question, texts: Iterable[str]) -> None:
        self._terms = question.terms
        self._shares = np.array([term.weight for term in question.terms], np.float32) / (question.weight or 1.0)
        self._stem = stemmer(question.language)
        self._known: dict[str, int] = {}
        for text in texts:
            for word in _words(text):
                self._known.setdefault(word, len(self._known))
        self._matches = self._match_all(list(self._known))
        self._everything: Matches = self._matches.max(axis=1, initial=0)

    def _match_all(self, words: Sequence[str]) -> Matches:
        if not self._terms or not words:
            return np.zeros((len(self._terms), len(words)), np.float32)
        matches: Matches = word_cosines([term.word.casefold() for term in self._terms], words).clip(0, 1)
        stems = np.array([self._stem(word) for word in words])
        for at, term in enumerate(self._terms):
            if term.is_name:
                matches[at] = 0
            matches[at, stems == term.stem] = 1
        return matches

    def columns(self, *texts: str) -> frozenset[int]:
        """Return the texts' words as columns of the matches; unknown ones are left out."""
        found = (self._known.get(word) for text in texts for word in _words(text))
        return frozenset(at for at in found if at is not None)

    def measure(self, own: Collection[int], window: Collection[int]) -> MatchFeatures:
        """Return the features of a statement by its own words, and by those with its context and headings."""
        if not self._terms:
            return MatchFeatures()
        said, found = (self._matches[:, list(words)].max(axis=1, initial=0) for words in (own, window))
        rarest = max(range(len(self._terms)), key=lambda at: self._terms[at].weight)
        return MatchFeatures(
            near=float(self._shares @ said),
            near_window=float(self._shares @ found),
            rarest=float(said[rarest]),
            rarest_window=float(found[rarest]),
            rarest_site=float(self._everything[rarest]),
            unmatched=float((found < UNMATCHED).mean()),
        )


@lru_cache(maxsize=10_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.casefold() for word in read_words(text)))
