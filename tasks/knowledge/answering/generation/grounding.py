"""Whether a passage carries a sentence: the check every generated sentence must pass before a visitor sees it.

A sentence is carried when the passage has its numbers, and most of its words that mean something, by their stems.
Across languages words cannot be compared: there the numbers and the names must be in the passage.
"""

import re
from collections.abc import Iterable, Sequence

from tasks.core.models import Frozen, Passage
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import read_words, stemmer

ENOUGH = 0.6
"""Share of a sentence's words that the passage must have."""
SHORT = 3
"""Words of so few letters say little; they are not checked."""
_REFERENCE = re.compile(r"\[\d{1,2}\]")
_MARKER = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*+])\s")
_ADDRESS = re.compile(r"\bhttps?://[^\s<>()\[\]]+")


class Grounds:
    """The passages an answer may rest on, and the question it answers."""

    def __init__(self, passages: Sequence[Passage], question: str, language: str, *, same_language: bool) -> None:
        self._stem = stemmer(language)
        self.same_language = same_language
        texts = [f"{passage.title} {passage.heading} {passage.text}" for passage in passages]
        self._found = [frozenset(self._stems(text)) for text in texts]
        # Words of the question may be repeated; they are no news.
        self._asked = frozenset(self._stems(question))
        self._all = self._asked.union(*self._found)

    def _stems(self, text: str) -> Iterable[str]:
        return (self._stem(word) for word in read_words(text))

    def knows(self, word: str) -> bool:
        """Whether the word may be shown before its sentence is complete: some passage has it, or it says nothing."""
        return all(claim.stem in self._all for claim in self._claims(word))

    def carriers(self, sentence: str) -> list[int]:
        """The passages (1, 2 …) that carry the sentence, the best first; all of them when it claims nothing."""
        claims = self._claims(sentence)
        shares = [(self._share(claims, found), -n) for n, found in enumerate(self._found, start=1)]
        return [-n for share, n in sorted(shares, reverse=True) if share >= ENOUGH]

    def claims(self, sentence: str) -> bool:
        """Whether the sentence says anything that could be wrong."""
        return bool(self._claims(sentence))

    def _share(self, claims: Sequence["_Claim"], found: frozenset[str]) -> float:
        if not claims:
            return 1.0
        known = found | self._asked
        if any(claim.is_exact and claim.stem not in found for claim in claims):
            return 0.0
        if not self.same_language:
            return 1.0
        return sum(claim.stem in known for claim in claims) / len(claims)

    def _claims(self, text: str) -> list["_Claim"]:
        plain = _ADDRESS.sub(" ", _REFERENCE.sub(" ", _MARKER.sub(" ", text)))
        claims = [_Claim(word=word, stem=self._stem(word)) for word in read_words(plain)]
        if self.same_language:
            return [claim for claim in claims if claim.means_something]
        return [claim for claim in claims if claim.is_exact]


class _Claim(Frozen):
    """A word of a sentence that is checked."""

    word: str
    stem: str

    @property
    def is_exact(self) -> bool:
        """A number, or a name with one: it is there or it is not."""
        return any(character.isdigit() for character in self.word)

    @property
    def means_something(self) -> bool:
        folded = self.word.casefold()
        return self.is_exact or (len(self.word) > SHORT and folded not in function_words().all)
