"""Grounding: the check whether a passage supports a sentence, which every generated sentence must pass.

A passage supports a sentence if it has the sentence's numbers, and most of its content words by their stems. Across
languages words cannot be compared: then the passage must have the numbers, and the names that contain one.
"""

import re
from collections.abc import Iterable, Sequence

from tasks.core.models import Frozen, Passage
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import read_words, stemmer

SUPPORT_THRESHOLD = 0.6
"""Share of a sentence's content words that the passage must have."""
MAX_UNCHECKED_LETTERS = 3
"""Length up to which a word is not checked: short words carry little meaning."""
_REFERENCE = re.compile(r"\[\d{1,2}\]")
_MARKER = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*+])\s")
_ADDRESS = re.compile(r"\bhttps?://[^\s<>()\[\]]+")


class Grounding:
    """The stems of the passages and of the question that an answer may use."""

    def __init__(self, passages: Sequence[Passage], question: str, language: str, *, same_language: bool) -> None:
        self._stem = stemmer(language)
        self.same_language = same_language
        texts = [f"{passage.title} {passage.heading} {passage.text}" for passage in passages]
        self._found = [frozenset(self._stems(text)) for text in texts]
        # An answer may repeat the question's words: they claim nothing new.
        self._asked = frozenset(self._stems(question))
        self._all = self._asked.union(*self._found)

    def _stems(self, text: str) -> Iterable[str]:
        return (self._stem(word) for word in read_words(text))

    def allows(self, word: str) -> bool:
        """Whether a word may be shown before its sentence is complete: a passage has it, or it claims nothing."""
        return all(claim.stem in self._all for claim in self._claims(word))

    def supporting_passages(self, sentence: str) -> list[int]:
        """Return the passages (1, 2 …) that support the sentence, best first; all if it claims nothing."""
        claims = self._claims(sentence)
        shares = [(self._share(claims, found), -n) for n, found in enumerate(self._found, start=1)]
        return [-n for share, n in sorted(shares, reverse=True) if share >= SUPPORT_THRESHOLD]

    def makes_claims(self, sentence: str) -> bool:
        """Whether the sentence has a word that must be checked."""
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
            return [claim for claim in claims if claim.is_content_word]
        return [claim for claim in claims if claim.is_exact]


class _Claim(Frozen):
    """A word of a sentence, to be checked."""

    word: str
    stem: str

    @property
    def is_exact(self) -> bool:
        """Whether it is a number or a name with one, which must match exactly."""
        return any(character.isdigit() for character in self.word)

    @property
    def is_content_word(self) -> bool:
        folded = self.word.casefold()
        return self.is_exact or (len(self.word) > MAX_UNCHECKED_LETTERS and folded not in function_words().all)
